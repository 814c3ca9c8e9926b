import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsResponse, AwsService, LocalAws } from '../../local/aws-service.ts';
import { createDynamoDb } from '../../local/dynamodb/dynamodb-service.ts';
import { AwsError } from '../../local/gateway/aws-error.ts';
import type { Gateway } from '../../local/gateway/gateway.ts';
import { jsonOperations } from '../../local/gateway/json-service.ts';
import { createS3 } from '../../local/s3/s3-service.ts';
import { createSecretsManager } from '../../local/secretsmanager/secretsmanager-service.ts';
import { TASK_ARN } from '../lambdas/records.ts';

export const TABLES = {
  dispatches: 'outpost-dispatches',
  pool: 'outpost-pool',
  workspaces: 'outpost-workspaces',
} as const;
export const BUCKETS = { artifacts: 'outpost-artifacts', context: 'outpost-context' } as const;

/** The task metadata endpoint. What asks for the path `/v4/slow` waits for its answer until it is let go. */
export class Metadata {
  readonly asked: Promise<void>;
  private readonly released: Promise<void>;
  private noteAsked = () => {};
  private letGo = () => {};

  constructor() {
    this.asked = new Promise((resolve) => {
      this.noteAsked = resolve;
    });
    this.released = new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  release(): void {
    this.letGo();
  }

  async answer(path: string): Promise<AwsResponse> {
    if (path.startsWith('/v4/slow')) {
      this.noteAsked();
      await this.released;
    }
    return { status: 200, body: JSON.stringify({ TaskARN: TASK_ARN }) };
  }
}

/** Task tokens as Step Functions keeps them: those that were opened take heartbeats, until a report closes them. */
export class Tokens {
  readonly reports = new Map<string, unknown>();
  readonly heartbeats = new Map<string, number>();
  private readonly open = new Set<string>();

  opened(token: string): string {
    this.open.add(token);
    return token;
  }

  close(token: string): void {
    this.open.delete(token);
  }

  service(): AwsService {
    const handle = jsonOperations({
      SendTaskHeartbeat: ({ taskToken }) => {
        this.refuseClosed(taskToken);
        this.heartbeats.set(taskToken, (this.heartbeats.get(taskToken) ?? 0) + 1);
      },
      SendTaskSuccess: ({ taskToken, output }) => {
        this.refuseClosed(taskToken);
        this.close(taskToken);
        this.reports.set(taskToken, JSON.parse(output));
      },
    });
    return { signingName: 'states', resources: {}, handle, close: async () => {} };
  }

  private refuseClosed(token: string): void {
    if (!this.open.has(token)) throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist'");
  }
}

/** The embedded S3, DynamoDB and Secrets Manager with what the worker needs, and Step Functions' side of the tokens. */
export async function startServices(folder: string, gateway: Gateway, tokens: Tokens): Promise<AwsService[]> {
  const aws = localAws(folder, gateway);
  const file = join(folder, 'secrets.json');
  const embedded = [createS3(aws), createDynamoDb(aws), createSecretsManager(aws, { file })];
  const services = [...(await Promise.all(embedded)), tokens.service()];
  for (const service of services) gateway.register(service);
  const create = async (type: string, properties: object) => {
    const creator = services.map(({ resources }) => resources[type]).find((found) => found !== undefined);
    await creator?.({ logicalId: 'Resource', type, properties: { ...properties } });
  };
  for (const BucketName of Object.values(BUCKETS)) await create('AWS::S3::Bucket', { BucketName });
  await create('AWS::DynamoDB::Table', tableOf(TABLES.dispatches, 'dispatchId'));
  await create('AWS::DynamoDB::Table', tableOf(TABLES.pool, 'agentType', 'slotId'));
  await create('AWS::DynamoDB::Table', tableOf(TABLES.workspaces, 'userId', 'workspaceId'));
  return services;
}

export function tableOf(TableName: string, ...keys: string[]): object {
  return {
    TableName,
    AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    BillingMode: 'PAY_PER_REQUEST',
  };
}

function localAws(folder: string, gateway: Gateway): LocalAws {
  return {
    region: 'us-east-1',
    accountId: '000000000000',
    folder: (service) => {
      mkdirSync(join(folder, service), { recursive: true });
      return join(folder, service);
    },
    endpoint: () => gateway.endpoint,
    credentials: (roleArn, sessionName) => gateway.credentials(roleArn, sessionName),
    publish: () => {},
    onEvent: () => () => {},
    log: () => {},
  };
}
