import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { TenantStore } from '../../lambdas/shared/tenant-store.ts';
import { NOW } from './records.ts';
import { createTable } from './tables.ts';

const RACERS = 12;

/** What the tenants' places promise, whichever DynamoDB is underneath. */
export function describeTenants(client: () => DynamoDBClient): void {
  let store: TenantStore;
  const tenant = { tenantId: 'acme', status: 'ACTIVE', maxConcurrent: 3, createdAt: NOW } as const;

  beforeAll(async () => {
    store = new TenantStore(documentClient(client()), await createTable(client(), 'tenantId'));
    await store.create(tenant);
  });

  it('creates a tenant once', async () => {
    const again = await store.create({ ...tenant, status: 'SUSPENDED' });

    expect(again).toBe(false);
    expect(await store.get('acme')).toEqual(tenant);
  });

  it('gives out as many places as there are, whatever the race, and each member its own again', async () => {
    const tenantId = 'crowded';
    await store.create({ ...tenant, tenantId });
    const names = Array.from({ length: RACERS }, (_, index) => `attempt-${index}`);

    const taken = await Promise.all(names.map((name) => store.takePlace(tenantId, name, 3)));

    const holders = names.filter((_, index) => taken[index]);
    expect(holders).toHaveLength(3);
    expect(await store.takePlace(tenantId, holders[0] ?? '', 3)).toBe(true);
  });

  it('has room again once a place is freed, and frees as often as it is asked to', async () => {
    const tenantId = 'single';
    await store.create({ ...tenant, tenantId });
    await store.takePlace(tenantId, 'first', 1);

    await store.freePlace(tenantId, 'first');
    await store.freePlace(tenantId, 'first');

    expect(await store.takePlace(tenantId, 'second', 1)).toBe(true);
    expect(await store.takePlace(tenantId, 'third', 1)).toBe(false);
  });

  it('has no place for anyone at a limit of 0, and makes no tenant up', async () => {
    const taken = [await store.takePlace('acme', 'a', 0), await store.takePlace('nobody', 'a', 3)];
    await store.freePlace('nobody', 'a');

    expect(taken).toEqual([false, false]);
    expect(await store.get('nobody')).toBeUndefined();
  });
  describe('a place that is doubted', () => {
    const SINCE = '2026-03-01T12:00:00.000Z';
    const LATER = '2026-03-01T12:05:00.000Z';
    const doubted = async (tenantId: string) => {
      await store.create({ ...tenant, tenantId });
      await store.takePlace(tenantId, 'a-1', 1);
      return store.doubtPlace(tenantId, 'a-1', SINCE);
    };
    const isTaken = async (tenantId: string) => !(await store.takePlace(tenantId, 'another', 1));

    it('is freed by who doubts it since then, once', async () => {
      const noted = await doubted('doubt-freed');

      const freed = [
        await store.freeDoubtedPlace('doubt-freed', 'a-1', SINCE),
        await store.freeDoubtedPlace('doubt-freed', 'a-1', SINCE),
      ];

      expect([noted, ...freed, await isTaken('doubt-freed')]).toEqual([true, true, false, false]);
    });

    it('is doubted no more once it is taken again', async () => {
      await doubted('doubt-retaken');
      await store.takePlace('doubt-retaken', 'a-1', 1);

      const freed = await store.freeDoubtedPlace('doubt-retaken', 'a-1', SINCE);

      expect([freed, await isTaken('doubt-retaken')]).toEqual([false, true]);
    });

    it('is not freed for a doubt of before that one', async () => {
      await doubted('doubt-anew');
      await store.takePlace('doubt-anew', 'a-1', 1);
      await store.doubtPlace('doubt-anew', 'a-1', LATER);

      const freed = await store.freeDoubtedPlace('doubt-anew', 'a-1', SINCE);

      expect([freed, await isTaken('doubt-anew')]).toEqual([false, true]);
    });

    it('is doubted no more once it is given back, and one that is not taken cannot be', async () => {
      await doubted('doubt-given-back');
      await store.freePlace('doubt-given-back', 'a-1');

      const after = [
        await store.freeDoubtedPlace('doubt-given-back', 'a-1', SINCE),
        await store.doubtPlace('doubt-given-back', 'a-1', LATER),
        await store.doubtPlace('nobody', 'a-1', LATER),
      ];

      expect(after).toEqual([false, false, false]);
      expect(await store.get('nobody')).toBeUndefined();
    });
  });
}
