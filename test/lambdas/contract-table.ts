import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  CreateTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { beforeAll } from 'vitest';

export type Item = Record<string, AttributeValue>;

const INDEX = 'status-at-index';

/** A table by `id`, with an index by `status` and `at`. */
export function contractTable(client: () => DynamoDBClient) {
  const TableName = `contract-${randomUUID()}`;
  const keyOf = (id: string) => ({ TableName, Key: { id: { S: id } } });
  const query = (status: string, more: Partial<QueryCommandInput> = {}) =>
    client().send(
      new QueryCommand({
        TableName,
        IndexName: INDEX,
        KeyConditionExpression: '#status = :status',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':status': { S: status } },
        ...more,
      }),
    );
  beforeAll(() => createTable(client(), TableName));
  return {
    keyOf,
    query,
    send: <T>(act: (client: DynamoDBClient) => Promise<T>) => act(client()),
    put: (id: string, item: Item = {}, more = {}) =>
      client().send(new PutItemCommand({ TableName, Item: { id: { S: id }, ...item }, ...more })),
    update: (id: string, UpdateExpression: string, values?: Item, more: Partial<UpdateItemCommandInput> = {}) =>
      client().send(
        new UpdateItemCommand({
          ...keyOf(id),
          UpdateExpression,
          ...(values && { ExpressionAttributeValues: values }),
          ...more,
        }),
      ),
    get: async (id: string) => (await client().send(new GetItemCommand({ ...keyOf(id), ConsistentRead: true }))).Item,
    idsWith: async (status: string) => ((await query(status)).Items ?? []).map(({ id }) => id?.S),
  };
}
export type ContractTable = ReturnType<typeof contractTable>;

async function createTable(client: DynamoDBClient, TableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: ['id', 'status', 'at'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: INDEX,
          KeySchema: [
            { AttributeName: 'status', KeyType: 'HASH' },
            { AttributeName: 'at', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 1 }, { TableName });
}

/** What a request fails with; `undefined` where it succeeds. */
export const failureOf = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => undefined,
    (error: unknown) => error,
  );
export const REFUSED = { name: 'ValidationException' };
