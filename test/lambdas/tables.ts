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
  /** A global secondary index of whole items. */
  readonly index?: { readonly indexName: string; readonly partitionKey: string; readonly sortKey: string };
}

/** Creates a table with one string key, or two, and answers its name. */
export async function createTable(
  client: DynamoDBClient,
  key: string,
  { name: TableName = `test-${key}-${randomUUID()}`, sortKey, index }: TableOptions = {},
): Promise<string> {
  const attributes = [key, sortKey, index?.partitionKey, index?.sortKey].filter((name) => name !== undefined);
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keySchema(key, sortKey),
      BillingMode: 'PAY_PER_REQUEST',
      ...(index && {
        GlobalSecondaryIndexes: [
          {
            IndexName: index.indexName,
            KeySchema: keySchema(index.partitionKey, index.sortKey),
            Projection: { ProjectionType: 'ALL' },
          },
        ],
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

/** A table of dispatches with its index by status. */
export function createDispatchesTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, 'dispatchId', { index: DISPATCH_INDEXES.byStatus });
}

/** A table of warm slots, as the stack makes it. */
export function createPoolTable(client: DynamoDBClient): Promise<string> {
  return createTable(client, 'agentType', { sortKey: 'slotId' });
}
