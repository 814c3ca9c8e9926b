import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOOT_MS } from '../../core/slot-times.ts';
import { LEASE_MS } from '../../lambdas/manage-pool/manager-lease.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { loseAnswers } from './interfere.ts';
import { aPoolWorld, expectTwoStarted, MINUTE, never, type PoolWorld, pause, poolWith } from './manage-pool-world.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

type Killed = (world: PoolWorld, dies: () => Promise<never>) => Parameters<PoolWorld['minute']>[0];

describe('a manager that was killed', () => {
  it.each<[string, Killed]>([
    ['while it looked', (world, dies) => ({ pool: poolWith(world, { list: dies }) })],
    ['between its resolve and the item', (world, dies) => ({ pool: poolWith(world, { create: dies }) })],
    ['between the item and the start', (world, dies) => ({ executions: { ...world.stepFunctions, start: dies } })],
  ])('%s leaves nothing that its successor does not see to', async (_, killed) => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    void world.minute(killed(world, () => gate.step(never)));
    await gate.reached;
    world.clock.ms += MINUTE;

    await world.minute();

    await expectTwoStarted(world);
  });

  it('leaves the pool alone for half a minute at the most', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    void world.minute({ pool: poolWith(world, { list: () => gate.step(never) }) });
    await gate.reached;

    world.clock.ms += LEASE_MS;
    const before = await world.claimed();
    world.clock.ms += 1;
    const after = await world.claimed();

    expect([before, after]).toEqual([{ rounds: 0 }, { rounds: 1 }]);
    await expectTwoStarted(world);
  });
});

describe('a manager that was paused until its lease had run out', () => {
  it('before its resolve starts nothing', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    const paused = world.minute({ waiting: { count: () => gate.step(async () => new Map()) } });
    await gate.reached;
    world.clock.ms += MINUTE;
    const successor = await world.minute();

    gate.goOn();

    expect([successor, await paused]).toEqual([{ rounds: 1 }, { rounds: 1 }]);
    await expectTwoStarted(world);
  });

  it('after its resolve starts the very slots that its successor has started for it', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    const create: typeof world.pool.create = (slot) => gate.step(() => world.pool.create(slot));
    const paused = world.minute({ pool: poolWith(world, { create }) });
    await gate.reached;
    world.clock.ms += MINUTE;
    await world.minute();
    const started = [...world.stepFunctions.executions.keys()];

    gate.goOn();
    await paused;

    expect([...world.stepFunctions.executions.keys()]).toEqual(started);
    await expectTwoStarted(world);
  });

  it('does not start anew what was started, served and closed meanwhile', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    const create: typeof world.pool.create = (slot) => gate.step(() => world.pool.create(slot));
    const paused = world.minute({ pool: poolWith(world, { create }) });
    await gate.reached;
    world.clock.ms += MINUTE;
    await world.minute();
    for (const slot of await world.slots()) await world.pool.close(slot, {}, world.now());
    const starts = world.stepFunctions.starts.length;

    gate.goOn();
    await paused;

    expect(world.stepFunctions.starts).toHaveLength(starts);
    expect(await world.inState('STOPPED')).toHaveLength(2);
  });

  it("does not free its successor's lease", async () => {
    const world = await aPoolWorld(database.client);
    const [first, second] = [pause(), pause()];
    const listing = (gate: typeof first): typeof world.pool.list => {
      return (agent) => gate.step(() => world.pool.list(agent));
    };
    const paused = world.minute({ pool: poolWith(world, { list: listing(first) }) });
    await first.reached;
    world.clock.ms += MINUTE;
    const successor = world.minute({ pool: poolWith(world, { list: listing(second) }) });
    await second.reached;
    first.goOn();
    await paused;

    const third = await world.minute();
    second.goOn();
    await successor;

    expect(third).toEqual({ rounds: 0 });
    await expectTwoStarted(world);
  });

  it('keeps its lease while a slow look goes on', async () => {
    const world = await aPoolWorld(database.client);
    const running = async () => {
      world.clock.ms += LEASE_MS - 1000;
      return [];
    };
    let until: unknown;
    const count = async () => {
      until = (await world.managerItem())['leaseUntil'];
      return new Map();
    };

    await world.minute({ tasks: { ...world.ecs, running }, waiting: { count } });

    expect(until).toBe(new Date(world.clock.ms + LEASE_MS).toISOString());
  });
});

describe('an answer that was lost', () => {
  it.each(['UpdateItemCommand', 'PutItemCommand'])(
    'of every other %s changes nothing of what comes of it',
    async (command) => {
      const world = await aPoolWorld(database.client);
      const losing = loseAnswers(database.client, command, 2);

      await world.minute();

      expect(losing.stop()).toBe(2);
      await expectTwoStarted(world);
    },
  );

  it('of StartExecution is made good for by the next manager, with the same slots', async () => {
    const world = await aPoolWorld(database.client);
    const start: typeof world.stepFunctions.start = async (input) => {
      await world.stepFunctions.start(input);
      throw new Error('The connection broke.');
    };
    const first = world.minute({ executions: { ...world.stepFunctions, start } });
    await expect(first).rejects.toThrow('The connection broke.');
    const started = [...world.stepFunctions.executions.keys()];

    await world.minute();

    expect([...world.stepFunctions.executions.keys()]).toEqual(started);
    await expectTwoStarted(world);
  });

  it('of StartExecution, which it never reached, is made good for as well', async () => {
    const world = await aPoolWorld(database.client);
    const start = async () => {
      throw new Error('Throttled.');
    };
    const first = world.minute({ executions: { ...world.stepFunctions, start } });
    await expect(first).rejects.toThrow('Throttled.');

    await world.minute();

    await expectTwoStarted(world);
  });

  it('of the item for good leaves the slot to the next manager', async () => {
    const world = await aPoolWorld(database.client);
    const create: typeof world.pool.create = async (slot) => {
      await world.pool.create(slot);
      throw new Error('The connection broke.');
    };
    await expect(world.minute({ pool: poolWith(world, { create }) })).rejects.toThrow('The connection broke.');

    await world.minute();

    await expectTwoStarted(world);
  });
});

describe('what could not be started', () => {
  const failing = (world: PoolWorld) => {
    const create = async () => {
      throw new Error('Throttled.');
    };
    return world.minute({ pool: poolWith(world, { create }) });
  };

  it('is tried again, and nothing is resolved in its stead', async () => {
    const world = await aPoolWorld(database.client);
    for (let times = 0; times < 3; times++) {
      await expect(failing(world)).rejects.toThrow('Throttled.');
      world.clock.ms += MINUTE;
    }

    await world.minute();

    await expectTwoStarted(world);
  });

  it('for ten minutes is given up, because it may have been started and buried since', async () => {
    const world = await aPoolWorld(database.client);
    await expect(failing(world)).rejects.toThrow('Throttled.');
    const { intents } = await world.managerItem();
    world.clock.ms += BOOT_MS + 1;

    await world.minute();

    const slots = (await world.slots()).map(({ slotId }) => slotId);
    expect(intents).toHaveLength(2);
    for (const { slotId } of intents) expect(slots).not.toContain(slotId);
    await expectTwoStarted(world);
  });
});
