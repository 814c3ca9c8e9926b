import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiCollaborators } from '../../lambdas/api/collaborators.ts';
import { dispatchIdReservation } from '../../lambdas/api/dispatch-id-reservation.ts';
import { ApiKeyStore } from '../../lambdas/shared/api-key-store.ts';
import { createApiKey } from '../../lambdas/shared/create-api-key.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { TenantStore } from '../../lambdas/shared/tenant-store.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { createTable } from './tables.ts';

const CONTEXT = { getRemainingTimeInMillis: () => 30_000 } as unknown as Parameters<ApiCollaborators['reserveId']>[1];
const REQUEST = { agent: 'shell', task: 'echo hello', timeoutSeconds: 60 } as const;

let database: DynamoDbInTest;
let reserve: ApiCollaborators['reserveId'];

beforeAll(async () => {
  database = await openDynamoDb();
  const tableName = await createTable(database.client, 'id');
  reserve = dispatchIdReservation({ client: database.client, tableName, newId: ulid });
});
afterAll(() => database.close());

it('reserves one id for the same tenant, key and request, however many ask at once', async () => {
  const reservation = { tenantId: 'acme', key: randomUUID(), request: REQUEST };

  const ids = await Promise.all(Array.from({ length: 8 }, () => reserve(reservation, CONTEXT)));
  const later = await reserve(reservation, CONTEXT);

  expect(new Set([...ids, later]).size).toBe(1);
});

it('keeps tenants and keys apart', async () => {
  const key = randomUUID();

  const ids = await Promise.all([
    reserve({ tenantId: 'acme', key, request: REQUEST }, CONTEXT),
    reserve({ tenantId: 'rival', key, request: REQUEST }, CONTEXT),
    reserve({ tenantId: 'acme', key: `${key}-2`, request: REQUEST }, CONTEXT),
  ]);

  expect(new Set(ids).size).toBe(3);
});

it('refuses a key that was used for another request', async () => {
  const reservation = { tenantId: 'acme', key: randomUUID(), request: REQUEST };
  await reserve(reservation, CONTEXT);

  const other = reserve({ ...reservation, request: { ...REQUEST, task: 'echo bye' } }, CONTEXT);

  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', status: 409 });
});

it('issues keys for a tenant that it makes once', async () => {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  for (const [table, key] of Object.entries({ tenants: 'tenantId', 'api-keys': 'keyHash' })) {
    await createTable(database.client, key, { name: `${prefix}-${table}` });
  }
  const client = documentClient(database.client);

  const tables = { tenantsTable: `${prefix}-tenants`, apiKeysTable: `${prefix}-api-keys` };
  const first = await createApiKey({ client, ...tables, tenantId: 'acme', maxConcurrent: 7 });
  const second = await createApiKey({ client, ...tables, tenantId: 'acme', maxConcurrent: 9 });

  const keys = new ApiKeyStore(client, `${prefix}-api-keys`);
  expect(first).not.toBe(second);
  expect([await keys.tenantOf(first), await keys.tenantOf(second)]).toEqual(['acme', 'acme']);
  expect((await new TenantStore(client, `${prefix}-tenants`).get('acme'))?.maxConcurrent).toBe(7);
});
