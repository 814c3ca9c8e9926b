import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { IAsyncProperty } from 'fast-check';
import { afterAll, beforeAll } from 'vitest';
import { DISPATCH_INDEXES } from '../../../core/table-indexes.ts';
import { documentClient } from '../../../lambdas/shared/document-client.ts';
import { type DynamoDbInTest, openDynamoDb } from '../../local/dynamodb/dynamodb-in-test.ts';
import { createDispatchesTable, createPoolTable, createTable } from '../tables.ts';
import type { LifeTables } from './life-stores.ts';
import { memoryDocuments } from './memory-documents.ts';
import { racedPlace } from './raced-place.ts';
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

/** The same over tables in memory. */
export function recordLifeInMemory(): IAsyncProperty<unknown> {
  return recordLife(inMemory(), IN_MEMORY) as IAsyncProperty<unknown>;
}

/** The race for a place that seems to be dead, over tables in memory. */
export function racedPlaceInMemory(): IAsyncProperty<unknown> {
  return racedPlace(inMemory(), IN_MEMORY) as IAsyncProperty<unknown>;
}

const IN_MEMORY: LifeTables = { dispatches: 'dispatches', tenants: 'tenants', pool: 'pool' };

function inMemory(): DynamoDBDocumentClient {
  const indexes = Object.values(DISPATCH_INDEXES).map(({ indexName, ...index }) => [
    indexName,
    [index.partitionKey, ...('sortKey' in index ? [index.sortKey] : [])],
  ]);
  return memoryDocuments({
    dispatches: { keys: ['dispatchId'], indexes: Object.fromEntries(indexes) },
    tenants: { keys: ['tenantId'] },
    pool: { keys: ['agentType', 'slotId'] },
  });
}
