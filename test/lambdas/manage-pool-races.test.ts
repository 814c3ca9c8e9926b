import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASE_MS, ManagerLease } from '../../lambdas/manage-pool/manager-lease.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { requestsOf } from './interfere.ts';
import { aPoolWorld, expectTwoStarted, pause, poolWith } from './manage-pool-world.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

describe('two managers', () => {
  it('called at once start no more than is desired', async () => {
    const world = await aPoolWorld(database.client);

    const managed = await Promise.all([world.minute(), world.minute()]);

    expect(managed.filter(({ rounds }) => rounds > 0).length).toBeGreaterThanOrEqual(1);
    await expectTwoStarted(world);
  });

  it('are never at work at the same time, though 200 triggers come at once, and all of these are counted', async () => {
    const world = await aPoolWorld(database.client);
    let atWork = 0;
    let most = 0;
    const count = async () => {
      most = Math.max(most, ++atWork);
      await world.waiting.count();
      atWork--;
      return new Map();
    };
    const requests = requestsOf(database.client);

    const managed = await Promise.all(Array.from({ length: 200 }, () => world.claimed({ waiting: { count } })));

    const rounds = managed.reduce((sum, one) => sum + one.rounds, 0);
    const writes = requests.stop().filter((command) => command === 'UpdateItemCommand').length;
    expect(most).toBe(1);
    expect(rounds).toBeLessThanOrEqual(10);
    // Each marks and counts its demand, counts itself, and tries for the lease where it was free just now.
    expect(writes).toBeLessThanOrEqual(4 * 200 + 2 * rounds);
    expect((await world.managerItem())['requests']).toBe(200);
    await expectTwoStarted(world);
  });

  it('leave the later trigger to the one at work, which goes another round for it', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    let looks = 0;
    const list: typeof world.pool.list = (agent) => {
      if (agent !== 'shell' || ++looks > 1) return world.pool.list(agent);
      return gate.step(() => world.pool.list(agent));
    };
    const first = world.minute({ pool: poolWith(world, { list }) });
    await gate.reached;

    const second = await world.missed();
    gate.goOn();

    expect([second, await first]).toEqual([{ rounds: 0 }, { rounds: 2 }]);
    expect(await world.inState('BOOTING')).toHaveLength(5);
  });

  it('cost a trigger that comes while one is at work one write for it', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    const first = world.minute({ waiting: { count: () => gate.step(() => world.waiting.count()) } });
    await gate.reached;
    const requests = requestsOf(database.client);

    await world.minute();
    const cost = requests.stop();
    gate.goOn();
    await first;

    expect(cost).toEqual(['UpdateItemCommand']);
  });

  it('end after five rounds, however many triggers come', async () => {
    const world = await aPoolWorld(database.client);
    const list: typeof world.pool.list = async (agent) => {
      await new ManagerLease(world.documents, world.table, 'another', () => world.now()).request();
      return world.pool.list(agent);
    };

    const managed = await world.minute({ pool: poolWith(world, { list }) });

    expect(managed).toEqual({ rounds: 5 });
    await expectTwoStarted(world);
  });

  it('do not meet where their clocks are 2 seconds apart', async () => {
    const world = await aPoolWorld(database.client);
    const gate = pause();
    const list: typeof world.pool.list = (agent) => gate.step(() => world.pool.list(agent));
    const behind = world.minute({ pool: poolWith(world, { list }) }, -2_000);
    await gate.reached;
    world.clock.ms += LEASE_MS / 2;

    const ahead = await world.minute({}, 0);
    gate.goOn();
    await behind;

    expect(ahead).toEqual({ rounds: 0 });
    await expectTwoStarted(world);
  });

  it('with clocks 2 seconds apart count what the other has started', async () => {
    const world = await aPoolWorld(database.client);

    await world.minute({}, 2_000);
    await world.minute({}, 0);
    await world.boot();
    await world.minute({}, -2_000);

    expect(await world.inState('WARM')).toHaveLength(2);
    expect(world.stepFunctions.starts).toHaveLength(2);
  });
});
