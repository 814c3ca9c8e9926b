import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptName } from '../../core/ids.ts';
import type { Slot } from '../../core/slot.ts';
import { CLAIM_TRIES } from '../../core/slot-times.ts';
import { type ClaimCollaborators, claimSlot } from '../../lambdas/claim-slot/claim-slot.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { PoolStore } from '../../lambdas/shared/pool-store.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { loseAnswers, requestsOf } from './interfere.ts';
import { aSlot, DISPATCH_ID, NOW, REVISION } from './records.ts';
import { createPoolTable } from './tables.ts';

const EVENT = { dispatchId: DISPATCH_ID, attempt: 1, agent: 'shell', run: 1, workspaceMode: 'ephemeral' } as const;
const CLAIMER = attemptName(EVENT);

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

/** A pool with these slots in a table of its own, and what the claims publish. */
async function aPool(slots: readonly Slot[], changes: Partial<ClaimCollaborators> = {}) {
  const pool = new PoolStore(documentClient(database.client), await createPoolTable(database.client));
  for (const slot of slots) await pool.create(slot);
  const events: unknown[] = [];
  const reported: unknown[] = [];
  const collaborators: ClaimCollaborators = {
    pool,
    events: {
      slotClaimed: async (event) => void events.push(event),
      slotMissed: async (event) => void events.push(event),
    },
    taskDefinitions: { shell: REVISION },
    bounds: { shell: { min: 0, max: 1 } },
    now: () => new Date(NOW),
    report: (error) => void reported.push(error),
    ...changes,
  };
  return { pool, collaborators, events, reported };
}

describe('claiming a slot', () => {
  it('takes one that is servable, with one query and one update, and says so', async () => {
    const slot = aSlot();
    const { pool, collaborators, events } = await aPool([slot]);
    const requests = requestsOf(database.client);

    const claimed = await claimSlot(collaborators, EVENT);

    expect(requests.stop()).toEqual(['QueryCommand', 'UpdateItemCommand']);
    expect(claimed).toEqual({ claimed: true, slotId: slot.slotId });
    expect(await pool.get(slot)).toMatchObject({ state: 'CLAIMED', claimedBy: CLAIMER, claimedAt: NOW });
    const eventId = `${CLAIMER}-slot-claimed`;
    const common = { version: '1', dispatchId: DISPATCH_ID, attempt: 1, agent: 'shell' };
    expect(events).toEqual([{ ...common, eventId, slotId: slot.slotId }]);
  });

  it.each<[string, 'none-warm' | 'none-servable', Partial<Slot>[]]>([
    ['there is none', 'none-warm', []],
    [
      'none waits',
      'none-warm',
      [{ state: 'BOOTING' }, { state: 'RUNNING' }, { state: 'DRAINING' }, { state: 'STOPPED' }],
    ],
    ['those that wait run another revision', 'none-servable', [{ taskDefinitionArn: `${REVISION}3` }]],
    ['those that wait were not seen of late', 'none-servable', [{ seenAt: '2026-03-01T11:59:29.999Z' }]],
  ])('goes cold after one request where %s, and says why', async (_, reason, slots) => {
    const { collaborators, events } = await aPool(slots.map(aSlot));
    const requests = requestsOf(database.client);

    const claimed = await claimSlot(collaborators, EVENT);

    expect(requests.stop()).toEqual(['QueryCommand']);
    expect(claimed).toEqual({ claimed: false });
    expect(events).toEqual([expect.objectContaining({ eventId: `${CLAIMER}-slot-missed`, reason })]);
  });

  it.each<[string, Partial<ClaimCollaborators>, number]>([
    ['an agent whose pool has no room', { bounds: { shell: { min: 0, max: 0 } } }, 1],
    ['an agent without a pool', { bounds: {} }, 1],
    ['an agent without a task definition', { taskDefinitions: {} }, 1],
    ['a second run', {}, 2],
  ])('asks nothing and says nothing for %s', async (_, changes, run) => {
    const { collaborators, events } = await aPool([aSlot()], changes);
    const requests = requestsOf(database.client);

    const claimed = await claimSlot(collaborators, { ...EVENT, run });

    expect([claimed, requests.stop(), events]).toEqual([{ claimed: false }, [], []]);
  });

  it('asks nothing and says nothing for a persistent workspace, which no slot has', async () => {
    const { collaborators, events } = await aPool([aSlot()]);
    const requests = requestsOf(database.client);

    const claimed = await claimSlot(collaborators, { ...EVENT, workspaceMode: 'persistent' });

    expect([claimed, requests.stop(), events]).toEqual([{ claimed: false }, [], []]);
  });

  it('tries another slot where it lost one, and no more than three', async () => {
    const slots = Array.from({ length: CLAIM_TRIES + 2 }, () => aSlot());
    const losses = async (count: number) => {
      const tried: string[] = [];
      const { collaborators, events } = await aPool([], {
        pool: { newest: async () => slots, claim: async ({ slotId }) => tried.push(slotId) > count },
      });
      return { claimed: await claimSlot(collaborators, EVENT), tried, events };
    };

    const [won, lost] = [await losses(CLAIM_TRIES - 1), await losses(Number.POSITIVE_INFINITY)];

    expect(won.claimed).toEqual({ claimed: true, slotId: won.tried.at(-1) });
    expect(lost.claimed).toEqual({ claimed: false });
    expect(new Set(lost.tried).size).toBe(CLAIM_TRIES);
    expect(lost.events).toEqual([expect.objectContaining({ reason: 'races-lost' })]);
  });

  it('begins with any of the servable ones', async () => {
    const slots = Array.from({ length: 4 }, () => aSlot());
    const first = new Set<string>();
    const { collaborators } = await aPool([], {
      pool: { newest: async () => slots, claim: async ({ slotId }) => first.add(slotId).size > 0 },
    });

    for (let tries = 0; tries < 200; tries++) await claimSlot(collaborators, EVENT);

    expect(first.size).toBe(slots.length);
  });

  it('gives 50 claimers at once 10 slots, each slot to one, and all of them', async () => {
    const slots = Array.from({ length: 10 }, () => aSlot());
    const { pool, collaborators } = await aPool(slots);
    const events = Array.from({ length: 50 }, () => ({ ...EVENT, dispatchId: ulid() }));

    const answers = await Promise.all(events.map((event) => claimSlot(collaborators, event)));

    const won = answers.flatMap((answer, index) =>
      answer.claimed ? [[answer.slotId, `${events[index]?.dispatchId}-1`]] : [],
    );
    const held = (await pool.list('shell')).map(({ slotId, claimedBy }) => [slotId, claimedBy]);
    expect(won.toSorted()).toEqual(held);
    expect(held).toHaveLength(slots.length);
  });

  it('takes a claim whose answer was lost for won', async () => {
    const slot = aSlot();
    const { pool, collaborators, events } = await aPool([slot]);
    const lost = loseAnswers(database.client, 'UpdateItemCommand', 1);

    const claimed = await claimSlot(collaborators, EVENT);

    expect(lost.stop()).toBe(1);
    expect(claimed).toEqual({ claimed: true, slotId: slot.slotId });
    expect(await pool.get(slot)).toMatchObject({ state: 'CLAIMED', claimedBy: CLAIMER });
    expect(events).toHaveLength(1);
  });

  it('serves a caller who comes again with the slot that it has claimed', async () => {
    const { pool, collaborators } = await aPool([aSlot(), aSlot(), aSlot()]);

    const answers = [await claimSlot(collaborators, EVENT), await claimSlot(collaborators, EVENT)];

    expect(answers[1]).toEqual(answers[0]);
    expect((await pool.list('shell')).filter(({ state }) => state === 'CLAIMED')).toHaveLength(1);
  });

  it('keeps its claim where the event cannot be published', async () => {
    const refused = new Error('EventBridge is away');
    const { collaborators, reported } = await aPool([aSlot()], {
      events: { slotClaimed: () => Promise.reject(refused), slotMissed: () => Promise.reject(refused) },
    });

    const answers = [
      await claimSlot(collaborators, EVENT),
      await claimSlot(collaborators, { ...EVENT, dispatchId: ulid() }),
    ];

    expect(answers.map(({ claimed }) => claimed)).toEqual([true, false]);
    expect(reported).toEqual([refused, refused]);
  });
});
