import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { IAsyncProperty } from 'fast-check';
import { afterAll, beforeAll } from 'vitest';
import { documentClient } from '../../../lambdas/shared/document-client.ts';
import { type DynamoDbInTest, openDynamoDb } from '../../local/dynamodb/dynamodb-in-test.ts';
import { createDispatchesTable, createPoolTable, createTable } from '../tables.ts';
import type { LifeTables } from './life-stores.ts';
import { recordLife } from './record-life.ts';

/** The property of the record's life, over the embedded DynamoDB. */
export function useRecordLife(): () => IAsyncProperty<unknown> {
  let database: DynamoDbInTest;
  let documents: DynamoDBDocumentClient;
  let tables: LifeTables;
  beforeAll(async () => {
    database = await openDynamoDb();
    const { client } = database;
    documents = documentClient(client);
    const [dispatches, tenants, pool] = await Promise.all([
      createDispatchesTable(client),
      createTable(client, 'tenantId'),
      createPoolTable(client),
    ]);
    tables = { dispatches, tenants, pool };
  });
  afterAll(() => database.close());
  return () => recordLife(documents, tables) as IAsyncProperty<unknown>;
}
