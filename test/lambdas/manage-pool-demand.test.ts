import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemandCounters } from '../../lambdas/manage-pool/demand-counters.ts';
import { poolDemand } from '../../lambdas/manage-pool/pool-demand.ts';
import { demandFact, PoolTrigger } from '../../lambdas/manage-pool/trigger.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { loseAnswers } from './interfere.ts';
import { aPoolWorld, demandEvent, MINUTE, MINUTELY } from './manage-pool-world.ts';
import { aSlot, NOW } from './records.ts';
import { createPoolTable } from './tables.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const WEEK = 7 * 24 * 60 * MINUTE;
const now = new Date(NOW);
const ago = (ms: number) => new Date(now.getTime() - ms);

async function aCounter() {
  const counters = new DemandCounters(documentClient(database.client), await createPoolTable(database.client));
  const count = async (what: 'claims' | 'misses', times: number, at: Date) => {
    const facts = Array.from({ length: times }, () => ({ agent: 'shell', attempt: `${ulid()}-1`, what, at }) as const);
    await Promise.all(facts.map((fact) => counters.count(fact)));
  };
  const demand = (since?: Date, slots: Parameters<typeof poolDemand>[2] = []) =>
    poolDemand({ counters, since: since?.toISOString(), now }, 'shell', slots, 3);
  return { counters, count, demand };
}

describe('the demand for an agent', () => {
  it('is of the last five minutes for claims and misses, this one among them', async () => {
    const { count, demand } = await aCounter();
    await count('claims', 2, now);
    await count('claims', 1, ago(4 * MINUTE));
    await count('misses', 3, ago(4 * MINUTE));
    await count('misses', 1, ago(4 * MINUTE + 1));

    expect(await demand()).toMatchObject({ now, claims: 3, misses: 3, waiting: 3 });
  });

  it('is of the last hour for arrivals, minute by minute, the newest last', async () => {
    const { count, demand } = await aCounter();
    await count('claims', 1, now);
    await count('misses', 2, ago(MINUTE));
    await count('claims', 4, ago(59 * MINUTE));
    await count('claims', 9, ago(60 * MINUTE));

    const { arrivalsPerMinute } = await demand();

    expect(arrivalsPerMinute).toHaveLength(60);
    expect([arrivalsPerMinute[0], ...arrivalsPerMinute.slice(-3)]).toEqual([4, 0, 2, 1]);
    expect(arrivalsPerMinute.reduce((sum, one) => sum + one)).toBe(7);
  });

  it.each([
    ['is not known where no manager has counted it', undefined, undefined],
    ['is not known where a manager has counted a part of the hour', ago(WEEK - 1), undefined],
    ["is last week's where a manager has counted that alone", ago(WEEK), 120 / 60],
    ['is the mean of two weeks', ago(2 * WEEK), (120 + 60) / 120],
  ])('of this hour of the week %s', async (_, since, usual) => {
    const { count, demand } = await aCounter();
    // NOW is a full hour: this hour is the one that begins.
    await count('claims', 60, ago(WEEK));
    await count('misses', 60, ago(WEEK - 59 * MINUTE));
    await count('claims', 60, ago(2 * WEEK - 30 * MINUTE));
    await count('claims', 5, ago(WEEK - 60 * MINUTE));

    expect((await demand(since)).usualArrivalsPerMinute).toBe(usual);
  });

  it("knows an agent's boots by their median", async () => {
    const { demand } = await aCounter();
    const boots = [20, 90, 30].map((seconds) =>
      aSlot({ createdAt: NOW, warmAt: new Date(now.getTime() + seconds * 1000).toISOString() }),
    );

    const seconds = [await demand(undefined, boots), await demand()].map(({ bootSeconds }) => bootSeconds);

    expect(seconds).toEqual([30, 45]);
  });

  it('is never negative where the clocks of manager and worker differ', async () => {
    const { demand } = await aCounter();

    const { bootSeconds } = await demand(undefined, [aSlot({ createdAt: NOW, warmAt: ago(2000).toISOString() })]);

    expect(bootSeconds).toBe(0);
  });

  it('counts an attempt once, however often it is told of and however many at once', async () => {
    const { counters, demand } = await aCounter();
    const fact = { agent: 'shell', attempt: `${ulid()}-1`, what: 'claims' } as const;

    await Promise.all(Array.from({ length: 6 }, () => counters.count({ ...fact, at: now })));
    await counters.count({ ...fact, at: ago(MINUTE) });
    await counters.count({ ...fact, attempt: fact.attempt.replace(/1$/, '2'), at: now });

    expect(await demand()).toMatchObject({ claims: 2, misses: 0 });
  });

  it('counts an attempt whose mark it does not hear of', async () => {
    const { count, demand } = await aCounter();
    const lost = loseAnswers(database.client, 'UpdateItemCommand', 1, 'counted#');

    await count('misses', 1, now);

    expect(lost.stop()).toBe(1);
    expect(await demand()).toMatchObject({ misses: 1 });
  });

  it("is each agent's own", async () => {
    const { counters, count } = await aCounter();
    await count('claims', 1, now);

    expect(await counters.of('codex', now, 1)).toEqual([{ claims: 0, misses: 0 }]);
  });

  it('is counted in the minute of the event, and handed to the policy by the manager that it calls', async () => {
    const demands: unknown[] = [];
    const policy = (demand: { claims: number; misses: number }) => {
      demands.push([demand.claims, demand.misses]);
      return 0;
    };
    const world = await aPoolWorld(database.client, { policy });

    const event = demandEvent('Slot Claimed', now);
    await world.manage(event);
    await world.manage(event);
    await world.missed();
    await world.manage(demandEvent('Slot Missed', new Date(world.clock.ms - 5 * MINUTE)));

    expect(demands).toEqual([
      [1, 0],
      [1, 0],
      [1, 1],
      [1, 1],
    ]);
  });
});

describe('a trigger', () => {
  it('of the schedule says nothing of the demand', () => {
    expect(demandFact(PoolTrigger.parse({ ...MINUTELY, time: NOW, detail: {} }))).toBeUndefined();
  });

  it('of another kind is refused', () => {
    expect(() => PoolTrigger.parse({ 'detail-type': 'Dispatch Ended', time: NOW, detail: {} })).toThrow(/detail-type/);
  });
});
