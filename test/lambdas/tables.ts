import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  type DynamoDBClient,
  type KeySchemaElement,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DISPATCH_INDEXES } from '../../core/table-indexes.ts';

export interface TableOptions {
  /** @default a name of its own */
  readonly name?: string;
  /** A second string key, by which the items of the first are sorted. */
  readonly sortKey?: string;
  /** Global secondary indexes, of whole items unless they are `keysOnly`. */
  readonly indexes?: readonly TestIndex[];
}

interface TestIndex {
  readonly indexName: string;
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly keysOnly?: boolean;
}

/** Creates a table with one string key, or two, and answers its name. */
export async function createTable(
  client: DynamoDBClient,
  key: string,
  { name: TableName = `test-${key}-${randomUUID()}`, sortKey, indexes = [] }: TableOptions = {},
): Promise<string> {
  const keys = [key, sortKey, ...indexes.flatMap((index) => [index.partitionKey, index.sortKey])];
  const attributes = [...new Set(keys.filter((name) => name !== undefined))];
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keySchema(key, sortKey),
      BillingMode: 'PAY_PER_REQUEST',
      ...(indexes.length > 0 && {
        GlobalSecondaryIndexes: indexes.map(({ indexName, partitionKey, sortKey, keysOnly = false }) => ({
          IndexName: indexName,
          KeySchema: keySchema(partitionKey, sortKey),
          Projection: { ProjectionType: keysOnly ? ('KEYS_ONLY' as const) : ('ALL' as const) },
        })),
      }),
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 1 }, { TableName });
  return TableName;
}

function keySchema(partitionKey: string, sortKey: string | undefined): KeySchemaElement[] {
  return [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: 'RANGE' } as const]),
  ];
}

/** A table of dispatches with the indexes that functions ask. */
export function createDispatchesTable(client: DynamoDBClient): Promise<string> {
  const { byStatus, byTask, byUnpublished } = DISPATCH_INDEXES;
  return createTable(client, 'dispatchId', {
    indexes: [byStatus, { ...byTask, keysOnly: true }, { ...byUnpublished, keysOnly: true }],
  });
}

/** A table of warm slots, as the stack makes it. */
export function createPoolTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, 'agentType', { sortKey: 'slotId' });
}
