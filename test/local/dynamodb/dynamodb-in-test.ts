import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AwsRequest, AwsService, LocalAws } from '../../../local/aws-service.ts';
import { createDynamoDb } from '../../../local/dynamodb/dynamodb-service.ts';
import { type Gateway, startGateway } from '../../../local/gateway/gateway.ts';

/** The embedded DynamoDB behind its gateway, over a temporary data folder. */
export interface DynamoDbInTest {
  readonly service: AwsService;
  readonly client: DynamoDBClient;
  readonly folder: string;
  readonly log: string[];
  /** Closes the service and opens another one over the same data. */
  restart(): Promise<DynamoDbInTest>;
  /** Creates a table, and answers its name. */
  table(properties: object, type?: string): Promise<string>;
  close(): Promise<void>;
}

export async function openDynamoDb(folder = mkdtempSync(join(tmpdir(), 'outpost-dynamodb-'))): Promise<DynamoDbInTest> {
  const log: string[] = [];
  const gateway = await startGateway({ secretFile: join(folder, 'secret') });
  const service = await createDynamoDb(localAws(folder, gateway, log));
  gateway.register(service);
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: gateway.endpoint,
    credentials: gateway.credentials('arn:aws:iam::000000000000:role/operator', 'test'),
    maxAttempts: 8,
  });
  const stop = async () => {
    client.destroy();
    await gateway.close();
    await service.close();
  };
  return {
    service,
    client,
    folder,
    log,
    restart: async () => {
      await stop();
      return openDynamoDb(folder);
    },
    table: async (properties, type = 'AWS::DynamoDB::Table') => {
      const create = service.resources[type];
      if (!create) throw new Error(`DynamoDB does not create ${type}`);
      return (await create({ logicalId: 'Table', type, properties: { ...properties } })).ref;
    },
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function localAws(folder: string, gateway: Gateway, log: string[]): LocalAws {
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
    log: (line) => log.push(line),
  };
}

/** The ids of the dynalite processes that serve a folder. */
export function dynaliteProcesses(folder: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,args=', '-ww'], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => line.includes('dynalite-process.mjs') && line.includes(folder))
    .map((line) => Number.parseInt(line, 10));
}

export function killDynalite(folder: string): void {
  for (const pid of dynaliteProcesses(folder)) process.kill(pid, 'SIGKILL');
}

/** A request as the gateway hands it over. */
export function requestOf(operation: string, body: string): AwsRequest {
  const bytes = Buffer.from(body);
  return {
    service: 'dynamodb',
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'x-amz-target': `DynamoDB_20120810.${operation}`, 'content-type': 'application/x-amz-json-1.0' },
    caller: { accessKeyId: 'a', secretAccessKey: 'b', roleArn: 'arn:aws:iam::000000000000:role/x', sessionName: 's' },
    requestId: 'r',
    stream: Readable.from([bytes]),
    readBody: () => Promise.resolve(bytes),
  };
}
