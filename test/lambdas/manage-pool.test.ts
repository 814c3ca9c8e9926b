import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SURPLUS_IDLE_MS, TOMBSTONE_MS } from '../../core/slot-times.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { aPoolWorld, MINUTE, poolWith } from './manage-pool-world.ts';
import { aRecord, NOW, REVISION } from './records.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const OLD = REVISION.replace(':3', ':2');
const idle = (ms: number) => new Date(Date.parse(NOW) - ms).toISOString();

describe('the manager of the pool', () => {
  it('starts what is missing: the item first, then an execution by its id, with what the state machine asks for', async () => {
    const world = await aPoolWorld(database.client);
    const order: string[] = [];
    const inputs: unknown[] = [];

    await world.minute({
      pool: poolWith(world, {
        create: async (slot: Parameters<typeof world.pool.create>[0]) => {
          order.push(`item ${slot.slotId}`);
          return world.pool.create(slot);
        },
      }),
      executions: {
        ...world.stepFunctions,
        start: async (input) => {
          order.push(`execution ${input.slotId}`);
          inputs.push(input);
        },
      },
    });

    const slots = await world.slots();
    expect(slots).toHaveLength(2);
    for (const { slotId } of slots) {
      expect(order.indexOf(`item ${slotId}`)).toBeGreaterThanOrEqual(0);
      expect(order.indexOf(`item ${slotId}`)).toBeLessThan(order.indexOf(`execution ${slotId}`));
    }
    expect(slots[0]).toMatchObject({ state: 'BOOTING', createdAt: NOW, taskDefinitionArn: REVISION });
    expect(inputs).toContainEqual({ agentType: 'shell', slotId: slots[0]?.slotId, taskDefinitionArn: REVISION });
    expect(world.counted).toEqual(['started shell', 'started shell']);
  });

  it('starts nothing more while enough are warm or boot', async () => {
    const world = await aPoolWorld(database.client);
    await world.given();

    await world.minute();
    await world.minute();
    await world.boot();
    await world.minute();

    expect(world.stepFunctions.starts).toHaveLength(1);
    expect(await world.inState('WARM')).toHaveLength(2);
  });

  it.each([
    ['a claimed slot', { state: 'CLAIMED', claimedAt: NOW } as const],
    ['a slot that drains', { state: 'DRAINING', drainedAt: NOW } as const],
    ['a tombstone', { state: 'STOPPED', stoppedAt: NOW } as const],
    ['a slot that was not seen for half a minute', { seenAt: idle(30_001) }],
  ])('does not count %s', async (_, fields) => {
    const world = await aPoolWorld(database.client);
    for (let count = 0; count < 2; count++) {
      await world.given(fields);
    }

    await world.minute();

    expect(await world.inState('BOOTING')).toHaveLength(2);
  });

  it('starts as many as its bounds allow while misses pass a fifth', async () => {
    const world = await aPoolWorld(database.client);
    await world.minute();
    const before = world.stepFunctions.starts.length;

    await world.missed();
    await world.missed();

    expect([before, world.stepFunctions.starts.length]).toEqual([2, 5]);
  });

  it('forgets misses after five minutes', async () => {
    const world = await aPoolWorld(database.client, { bounds: { shell: { min: 0, max: 5 } } });
    await world.missed({ bounds: { shell: { min: 0, max: 0 } } });
    world.clock.ms += 5 * MINUTE;

    await world.minute();

    expect(world.stepFunctions.starts).toEqual([]);
  });

  it.each([
    [9, 2],
    [10, 5],
  ])('looks at the dispatches that wait: %i of them make %i slots', async (waiting, desired) => {
    const world = await aPoolWorld(database.client);
    for (let count = 0; count < waiting; count++) {
      const status = count % 2 === 0 ? 'PENDING' : 'PROVISIONING';
      await world.dispatches.create(aRecord({ dispatchId: ulid(), status }));
    }
    await world.dispatches.create(aRecord({ dispatchId: ulid(), status: 'RUNNING' }));
    await world.dispatches.create(aRecord({ dispatchId: ulid(), agent: 'codex' }));

    await world.minute();

    expect(await world.inState('BOOTING')).toHaveLength(desired);
  });

  it.each([
    [-3, 2],
    [99, 5],
  ])('keeps a policy that wants %i slots within its bounds', async (wanted, started) => {
    const world = await aPoolWorld(database.client, { policy: () => wanted });

    await world.minute();

    expect(world.stepFunctions.starts).toHaveLength(started);
  });

  it('drains the surplus that has waited for long, the oldest first, and no more than are too many', async () => {
    const world = await aPoolWorld(database.client);
    const waits = [1, 2, 3].map((minutes) => SURPLUS_IDLE_MS + minutes * MINUTE);
    const slots = await Promise.all([...waits, MINUTE].map((ms) => world.given({ warmAt: idle(ms) })));

    await world.minute();

    const [, second, third] = slots;
    const drained = await world.inState('DRAINING');
    expect(drained.map(({ slotId }) => slotId).sort()).toEqual([second?.slotId, third?.slotId].sort());
    expect(drained[0]).toMatchObject({ drainReason: 'surplus', drainedAt: NOW });
    expect(world.counted).toEqual(['drained shell: surplus', 'drained shell: surplus']);
  });

  it('leaves a slot to the claim that comes before its drain', async () => {
    const world = await aPoolWorld(database.client, { bounds: { shell: { min: 0, max: 1 } } });
    const slot = await world.given({ warmAt: idle(SURPLUS_IDLE_MS + 1) });
    const claim = { claimedBy: 'x-1', taskDefinitionArn: REVISION, seenSince: NOW, claimedAt: NOW };
    const drain: typeof world.pool.drain = async (...drained) => {
      await world.pool.claim(slot, claim);
      return world.pool.drain(...drained);
    };

    await world.minute({ pool: poolWith(world, { drain }) });

    expect(await world.pool.get(slot)).toMatchObject({ state: 'CLAIMED', claimedBy: 'x-1' });
    expect(world.counted).toEqual([]);
  });

  it("retires what waits or boots with yesterday's task definition, and starts today's", async () => {
    const world = await aPoolWorld(database.client);
    const warm = await world.given({ taskDefinitionArn: OLD });
    const booting = await world.givenUnregistered({ taskDefinitionArn: OLD });
    const claimed = await world.given({ state: 'CLAIMED', taskDefinitionArn: OLD, claimedAt: NOW });

    await world.minute();

    const drainReason = 'not what is deployed any more';
    expect(await world.pool.get(warm)).toMatchObject({ state: 'DRAINING', drainReason });
    expect(await world.pool.get(booting)).toMatchObject({ state: 'DRAINING', drainReason });
    expect(await world.pool.get(claimed)).toMatchObject({ state: 'CLAIMED' });
    expect(await world.inState('BOOTING')).toMatchObject([
      { taskDefinitionArn: REVISION },
      { taskDefinitionArn: REVISION },
    ]);
  });

  it.each([
    ['whose bounds were lowered to none', { bounds: { shell: { min: 0, max: 0 } } }],
    ['that is not deployed any more', { taskDefinitions: {} }],
    ['without bounds', { bounds: {} }],
  ])('retires the slots of an agent %s', async (_, changes) => {
    const world = await aPoolWorld(database.client, changes);
    const slot = await world.given();

    await world.minute();

    expect(await world.pool.get(slot)).toMatchObject({ state: 'DRAINING' });
    expect(world.stepFunctions.starts).toEqual([]);
  });

  it('buries tombstones whose time is over, and no others', async () => {
    const world = await aPoolWorld(database.client, { bounds: { shell: { min: 0, max: 1 } } });
    const slot = await world.given();
    await world.pool.close(slot, {}, world.now());
    world.clock.ms += TOMBSTONE_MS - 1000;

    await world.minute();
    const before = await world.pool.get(slot);
    world.clock.ms += 1000;
    await world.minute();

    expect(before).toMatchObject({ state: 'STOPPED' });
    expect(await world.pool.get(slot)).toBeUndefined();
  });

  it('manages one agent though another cannot be, and tells of it', async () => {
    const codex = REVISION.replace('shell', 'codex');
    const world = await aPoolWorld(database.client, {
      taskDefinitions: { codex, shell: REVISION },
      bounds: { codex: { min: 1, max: 1 }, shell: { min: 1, max: 1 } },
    });
    const list: typeof world.pool.list = async (agent) => {
      if (agent === 'codex') throw new Error('codex is throttled');
      return world.pool.list(agent);
    };

    const managed = world.minute({ pool: poolWith(world, { list }) });

    await expect(managed).rejects.toThrow(/Not all of the pool could be managed: Error: codex is throttled/);
    expect(await world.inState('BOOTING')).toHaveLength(1);
    expect((await world.managerItem())['holder']).toBeUndefined();
  });

  it('says at every run that it is there, for the waiting workers', async () => {
    const world = await aPoolWorld(database.client);
    await world.minute();
    const first = await world.pool.managerSeenAt();
    world.clock.ms += MINUTE;

    await world.minute();

    expect([first, await world.pool.managerSeenAt()]).toEqual([NOW, world.now().toISOString()]);
  });
});
