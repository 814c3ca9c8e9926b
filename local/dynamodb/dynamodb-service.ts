import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsRequest, AwsResponse, AwsService, CreateResource, LocalAws } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { type JsonOperation, jsonError, jsonOperations } from '../gateway/json-service.ts';
import { Dynalite } from './dynalite.ts';
import { describeShape, globalTableOf, type TableDefinition, type TableShape, tableOf } from './table-properties.ts';
import { TimeToLive } from './time-to-live.ts';

const CONTENT_TYPE = 'application/x-amz-json-1.0';

/** What is left to dynalite. */
const FORWARDED: ReadonlySet<string> = new Set([
  ...['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan', 'BatchGetItem', 'BatchWriteItem'],
  ...['CreateTable', 'DeleteTable', 'DescribeTable', 'ListTables', 'UpdateTable'],
]);

/** DynamoDB: `AWS::DynamoDB::Table`, `AWS::DynamoDB::GlobalTable`, and the operations on items and tables; no transactions, streams or tags. */
export async function createDynamoDb(aws: LocalAws): Promise<AwsService> {
  const folder = aws.folder('dynamodb');
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const dynalite = new Dynalite(data, aws.log);
  await dynalite.start();
  const tables = new Tables(aws, dynalite, new TimeToLive(join(folder, 'time-to-live.json')), folder);
  const own = jsonOperations(tables.operations);

  return {
    signingName: 'dynamodb',
    resources: {
      'AWS::DynamoDB::Table': tables.creator(tableOf),
      'AWS::DynamoDB::GlobalTable': tables.creator(globalTableOf),
    },
    handle: async (request) => {
      const operation = operationOf(request);
      if (FORWARDED.has(operation)) {
        const body = await request.readBody();
        const answer = await forward(dynalite, operation, body);
        reportMistake(aws, operation, body, answer);
        return answer;
      }
      return Object.hasOwn(tables.operations, operation) ? own(request) : refuse(operation);
    },
    close: () => dynalite.close(),
  };
}

class Tables {
  constructor(
    private readonly aws: LocalAws,
    private readonly dynalite: Dynalite,
    private readonly timeToLive: TimeToLive,
    private readonly folder: string,
  ) {}

  readonly operations: Readonly<Record<string, JsonOperation>> = {
    DescribeTimeToLive: async ({ TableName }) => {
      await this.existing(TableName);
      return { TimeToLiveDescription: this.timeToLive.describe(TableName) };
    },
    UpdateTimeToLive: async ({ TableName, TimeToLiveSpecification: specification }) => {
      await this.existing(TableName);
      if (!specification?.AttributeName) {
        throw new AwsError('ValidationException', 'TimeToLiveSpecification.AttributeName must not be null');
      }
      this.timeToLive.set(TableName, specification.Enabled ? specification.AttributeName : undefined);
      return { TimeToLiveSpecification: specification };
    },
  };

  /** Creates the table of a resource, or finds it as it was created before. */
  creator(read: (resource: Parameters<CreateResource>[0]) => TableDefinition): CreateResource {
    return async (resource) => {
      const { create, timeToLiveAttribute } = read(resource);
      const stored = await this.describe(create.TableName);
      if (stored === undefined) await this.call('CreateTable', create);
      else this.refuseOtherShape(create, stored);
      const { TableId } = await this.active(create.TableName);
      this.timeToLive.set(create.TableName, timeToLiveAttribute);
      const Arn = `arn:aws:dynamodb:${this.aws.region}:${this.aws.accountId}:table/${create.TableName}`;
      return { ref: create.TableName, attributes: { Arn, TableId } };
    };
  }

  private refuseOtherShape(wanted: TableShape, stored: TableShape): void {
    const [template, data] = [describeShape(wanted), describeShape(stored)];
    if (template === data) return;
    throw new Error(
      `the table ${wanted.TableName} is stored with other keys or indexes. Template: ${template}. Stored: ${data}. ` +
        `A table can't be rebuilt in place: use another data folder, or delete ${this.folder} to start over`,
    );
  }

  /** Waits until a table can be used. */
  private async active(tableName: string): Promise<StoredTable> {
    for (;;) {
      const table = await this.existing(tableName);
      if (table.TableStatus === 'ACTIVE') return table;
      await delay(5);
    }
  }

  private async existing(tableName: string): Promise<StoredTable> {
    const table = await this.describe(tableName);
    if (table) return table;
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${tableName} not found`);
  }

  private async describe(TableName: string): Promise<StoredTable | undefined> {
    try {
      const { Table } = (await this.call('DescribeTable', { TableName })) as { Table: StoredTable };
      return Table;
    } catch (error) {
      if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  private async call(operation: string, input: object): Promise<unknown> {
    const { status, body } = await this.dynalite.send(operation, Buffer.from(JSON.stringify(input)));
    const output = JSON.parse(body.toString('utf8')) as { __type?: string; message?: string };
    if (status === 200) return output;
    throw new AwsError(output.__type?.split('#').at(-1) ?? 'InternalServerError', output.message ?? '', { status });
  }
}

interface StoredTable extends TableShape {
  readonly TableStatus: string;
  readonly TableId: string;
}

async function forward(dynalite: Dynalite, operation: string, body: Buffer): Promise<AwsResponse> {
  try {
    return await dynalite.send(operation, body);
  } catch (cause) {
    const message = 'The request failed because of an internal error; it may or may not have been done.';
    return jsonError(new AwsError('InternalServerError', message, { status: 500, cause }), CONTENT_TYPE);
  }
}

/** DynamoDB's words for a request that does not fit its table do not name the table: the operator's line does. */
function reportMistake(aws: LocalAws, operation: string, request: Buffer, { status, body }: AwsResponse): void {
  if (status !== 400) return;
  const { __type: type, message } = JSON.parse(String(body)) as { __type?: string; message?: string };
  if (!type?.endsWith('#ValidationException')) return;
  const { TableName } = JSON.parse(request.toString('utf8')) as { TableName?: unknown };
  aws.log(`dynamodb: ${operation} on ${String(TableName)}: ${message}`);
}

function operationOf(request: AwsRequest): string {
  const target = String(request.headers['x-amz-target'] ?? '');
  return target.slice(target.lastIndexOf('.') + 1);
}

function refuse(operation: string): AwsResponse {
  const message = `${operation || 'A request without X-Amz-Target'} is not available in the embedded DynamoDB.`;
  return jsonError(new AwsError('UnknownOperationException', message), CONTENT_TYPE);
}
