import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { TENANT_UIDS } from '../../core/persistent-workspace.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { type Hold, WorkspaceStore } from '../../lambdas/shared/workspace-store.ts';
import { createTable } from './tables.ts';

const RACERS = 16;
const NOW = 1_800_000_000_000;
const USE = { lastUsedAt: '2026-03-01T12:00:00.000Z', lastDispatchId: 'last' };

/** What the leases of workspaces and the users of tenants promise, whichever DynamoDB is underneath. */
export function describeWorkspaces(client: () => DynamoDBClient): void {
  let store: WorkspaceStore;
  const hold = (heldBy: string, heldUntil = NOW + 90_000): Hold => ({ heldBy, heldUntil });
  const ref = (workspaceId: string) => ({ userId: 'acme', workspaceId });

  beforeAll(async () => {
    store = new WorkspaceStore(
      documentClient(client()),
      await createTable(client(), 'userId', { sortKey: 'workspaceId' }),
    );
  });

  describe('the lease of a workspace', () => {
    it('is taken by one, whatever the race', async () => {
      const racers = Array.from({ length: RACERS }, (_, index) => `racer-${index}`);

      const taken = await Promise.all(racers.map((racer) => store.take(ref('raced'), hold(racer), NOW)));

      const winners = racers.filter((_, index) => taken[index]);
      expect(winners).toHaveLength(1);
      expect((await store.get(ref('raced')))?.heldBy).toBe(winners[0]);
    });

    it('is taken by one of those who find that it has run out', async () => {
      await store.take(ref('dead'), hold('dead', NOW), NOW);
      const racers = Array.from({ length: RACERS }, (_, index) => `racer-${index}`);

      const early = await store.take(ref('dead'), hold('early', NOW + 1), NOW);
      const taken = await Promise.all(racers.map((racer) => store.take(ref('dead'), hold(racer), NOW + 1)));

      expect(early).toBeUndefined();
      expect(taken.filter((workspace) => workspace !== undefined)).toHaveLength(1);
    });

    it('is taken again by who has it, as after an answer that was lost', async () => {
      await store.take(ref('mine'), hold('me'), NOW);

      const again = await store.take(ref('mine'), hold('me', NOW + 180_000), NOW);

      expect(again).toMatchObject({ heldBy: 'me', heldUntil: NOW + 180_000 });
    });

    it('is renewed by its holder alone, also when it has run out and nobody has taken it', async () => {
      await store.take(ref('kept'), hold('me', NOW), NOW);

      const renewed = await store.renew(ref('kept'), hold('me', NOW + 1_000));
      const stolen = await store.renew(ref('kept'), hold('you'));

      expect([renewed, stolen]).toEqual([true, false]);
    });

    it('is given back by its holder alone, who notes the use', async () => {
      await store.take(ref('free'), hold('me'), NOW);

      const others = await store.release(ref('free'), 'you', USE);
      const own = await store.release(ref('free'), 'me', {
        ...USE,
        size: { sizeBytes: 7, fileCount: 1, sizeIsPartial: false },
      });
      const twice = await store.release(ref('free'), 'me', USE);

      expect([others, own, twice]).toEqual([false, true, false]);
      expect(await store.get(ref('free'))).toEqual({
        ...ref('free'),
        ...USE,
        sizeBytes: 7,
        fileCount: 1,
        sizeIsPartial: false,
      });
    });

    it('leaves other workspaces and other tenants alone', async () => {
      await store.take(ref('same'), hold('me'), NOW);

      const others = [
        await store.take({ userId: 'globex', workspaceId: 'same' }, hold('you'), NOW),
        await store.take(ref('different'), hold('you'), NOW),
      ];

      expect(others.map((workspace) => workspace?.heldBy)).toEqual(['you', 'you']);
    });
  });

  it('notes where the repository of a workspace is, once', async () => {
    const noted = [
      await store.noteUrl(ref('noted'), 'https://a'),
      await store.noteUrl(ref('noted'), 'https://a'),
      await store.noteUrl(ref('noted'), 'https://b'),
    ];

    expect(noted).toEqual([true, true, false]);
  });

  it('gives each tenant one user, and no user to two tenants, whatever the race', async () => {
    const tenants = Array.from({ length: RACERS }, (_, index) => `tenant-${index % (RACERS / 4)}`);

    const uids = await Promise.all(tenants.map((tenant) => store.uidOf(tenant)));

    const known = new Map(tenants.map((tenant, index) => [tenant, uids[index]]));
    expect(uids).toEqual(tenants.map((tenant) => known.get(tenant)));
    expect(new Set(uids).size).toBe(new Set(tenants).size);
    expect(Math.min(...uids)).toBeGreaterThanOrEqual(TENANT_UIDS.first);
    expect(await store.uidOf('tenant-0')).toBe(known.get('tenant-0'));
  });
}
