import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsService, LocalAws } from '../../../local/aws-service.ts';
import { type Gateway, startGateway } from '../../../local/gateway/gateway.ts';
import { jsonOperations } from '../../../local/gateway/json-service.ts';
import { createIam, type Iam } from '../../../local/iam/iam.ts';

export const TASK_ROLE = 'arn:aws:iam::000000000000:role/task';
export const EXECUTION_ROLE = 'arn:aws:iam::000000000000:role/execution';

/** IAM in front of services that answer whatever passes it. */
export interface IamInTest {
  /** The operator's log. */
  readonly lines: readonly string[];
  readonly iam: Iam;
  /** Creates a role with these statements; answers what an SDK client needs to call as it. */
  role(name: string, statements: readonly object[], more?: object): Promise<ClientOptions>;
  /** Creates any resource of IAM; answers its ARN or name. */
  create(type: string, properties: object): Promise<string>;
  clientOptions(roleArn: string): ClientOptions;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string };
  readonly maxAttempts: number;
}

export const trusting = (service: string, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service }, ...more }],
});

export async function openIam(): Promise<IamInTest> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-iam-'));
  const gateway = await startGateway({ secretFile: join(folder, 'secret') });
  const lines: string[] = [];
  const iam = createIam(localAws(gateway, lines));
  for (const name of ['dynamodb', 'states', 'events', 'logs', 'ecs', 'sqs', 'secretsmanager'])
    gateway.register(jsonService(name));
  gateway.register({ ...jsonService('s3'), handle: async () => ({ status: 200 }) });
  gateway.register({ ...jsonService('lambda'), handle: async () => ({ status: 200 }) });
  gateway.authorize(iam.authorize);

  const create = async (type: string, properties: object) => {
    const values = await iam.resources[type]?.({ logicalId: 'It', type, properties: { ...properties } });
    if (!values) throw new Error(`IAM does not create ${type}`);
    return values.attributes?.Arn ?? values.ref;
  };
  const clientOptions = (roleArn: string) => ({
    region: 'us-east-1',
    endpoint: gateway.endpoint,
    credentials: gateway.credentials(roleArn, 'session'),
    maxAttempts: 1,
  });
  return {
    iam,
    lines,
    create,
    clientOptions,
    role: async (RoleName, Statement, more = {}) => {
      const PolicyDocument = { Version: '2012-10-17', Statement };
      const arn = await create('AWS::IAM::Role', {
        RoleName,
        AssumeRolePolicyDocument: trusting('lambda.amazonaws.com'),
        Policies: Statement.length > 0 ? [{ PolicyName: 'inline', PolicyDocument }] : [],
        ...more,
      });
      return clientOptions(arn);
    },
    close: async () => {
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Answers every operation with nothing, but knows the task definition `worker:3`. */
function jsonService(signingName: string): AwsService {
  const taskDefinition = {
    taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/worker:3',
    taskRoleArn: TASK_ROLE,
    executionRoleArn: EXECUTION_ROLE,
  };
  const answers = new Proxy<Record<string, () => unknown>>(
    {},
    {
      get: (_, name) => () => (name === 'DescribeTaskDefinition' ? { taskDefinition } : {}),
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
    },
  );
  return { signingName, resources: {}, handle: jsonOperations(answers), close: async () => {} };
}

function localAws(gateway: Gateway, lines: string[]): LocalAws {
  return {
    region: 'us-east-1',
    accountId: '000000000000',
    folder: (service) => service,
    endpoint: () => gateway.endpoint,
    credentials: (roleArn, sessionName) => gateway.credentials(roleArn, sessionName),
    publish: () => {},
    onEvent: () => () => {},
    log: (line) => void lines.push(line),
  };
}
