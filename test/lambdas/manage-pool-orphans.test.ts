import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { aPoolWorld, MINUTE, type PoolWorld, poolWith } from './manage-pool-world.ts';
import { aRecord, NOW, TASK_ARN } from './records.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

/** Runs an ECS task with this environment, and has it looked at when it is over two minutes old. */
async function lookedAt(world: PoolWorld, environment: Record<string, string>): Promise<string> {
  const { taskArn } = world.ecs.run(environment);
  world.clock.ms += 2 * MINUTE + 1;
  await world.minute();
  return taskArn;
}

const aWorld = () => aPoolWorld(database.client, { bounds: { shell: { min: 0, max: 1 } } });

describe('an ECS task that nobody wants', () => {
  it.each<[string, (world: PoolWorld) => Promise<Record<string, string>>]>([
    ['serves a slot that is not there', async () => ({ SLOT_ID: ulid() })],
    [
      'serves a tombstone that knows no ECS task',
      async (world) => {
        const slot = await world.givenUnregistered();
        await world.pool.close(slot, {}, world.now());
        return { SLOT_ID: slot.slotId };
      },
    ],
    [
      'serves a slot that was drained long ago, and has not registered',
      async (world) => {
        const { slotId } = await world.givenUnregistered({ state: 'DRAINING', drainedAt: NOW });
        world.stepFunctions.executions.set(slotId, { status: 'running' });
        return { SLOT_ID: slotId };
      },
    ],
    ['runs a dispatch without a record', async () => ({ DISPATCH_ID: ulid(), ATTEMPT: '1' })],
    [
      'runs a dispatch that has ended',
      async (world) => {
        const dispatchId = ulid();
        await world.dispatches.create(aRecord({ dispatchId, status: 'CANCELLED' }));
        return { DISPATCH_ID: dispatchId, ATTEMPT: '1' };
      },
    ],
    [
      'runs an attempt that is over',
      async (world) => {
        const dispatchId = ulid();
        await world.dispatches.create(aRecord({ dispatchId, status: 'RUNNING', attempt: 2 }));
        return { DISPATCH_ID: dispatchId, ATTEMPT: '1' };
      },
    ],
  ])('is stopped a minute after it was noted, where it %s', async (_, given) => {
    const world = await aWorld();
    const taskArn = await lookedAt(world, await given(world));
    const noted = [...world.ecs.stops];
    world.clock.ms += MINUTE;

    await world.minute();

    expect(noted).toEqual([]);
    expect(world.ecs.stops).toEqual([`${taskArn} orphan`]);
    expect(world.counted).toContain('orphan stopped');
  });

  it('is stopped where it hangs after its dispatch has ended', async () => {
    const world = await aWorld();
    const dispatchId = ulid();
    await world.dispatches.create(aRecord({ dispatchId, status: 'SUCCESS' }));
    const slot = await world.given({ state: 'RUNNING', claimedBy: `${dispatchId}-1`, ackedBy: TASK_ARN });
    world.clock.ms += 2 * MINUTE + 1;
    await world.minute();
    world.clock.ms += MINUTE;

    await world.minute();

    expect(world.ecs.stops).toEqual([`${slot.taskArn} orphan`]);
  });

  it('is left alone where it is wanted at the second look', async () => {
    const world = await aWorld();
    const dispatchId = ulid();
    const taskArn = await lookedAt(world, { DISPATCH_ID: dispatchId, ATTEMPT: '1' });
    const [noted, notedAt] = [(await world.managerItem())['orphans'], world.now().toISOString()];
    await world.dispatches.create(aRecord({ dispatchId, status: 'PROVISIONING' }));
    world.clock.ms += MINUTE;

    await world.minute();

    expect(noted).toEqual({ [taskArn]: notedAt });
    expect([world.ecs.stops, (await world.managerItem())['orphans']]).toEqual([[], {}]);
  });

  it('is forgotten once it has stopped by itself', async () => {
    const world = await aWorld();
    const taskArn = await lookedAt(world, { SLOT_ID: ulid() });
    world.ecs.exit(taskArn, 0);
    world.clock.ms += MINUTE;

    await world.minute();

    expect((await world.managerItem())['orphans']).toEqual({});
  });

  it('is not looked for while the slots of an agent cannot be read', async () => {
    const world = await aWorld();
    await lookedAt(world, { SLOT_ID: ulid() });
    world.clock.ms += MINUTE;
    const list: typeof world.pool.list = async (agent) => {
      if (agent === 'grok') throw new Error('Throttled.');
      return world.pool.list(agent);
    };

    const managed = world.minute({ pool: poolWith(world, { list }) });

    await expect(managed).rejects.toThrow('Throttled.');
    expect(world.ecs.stops).toEqual([]);
  });
});

describe('an ECS task', () => {
  it.each<[string, (world: PoolWorld) => Promise<Record<string, string>>]>([
    ['that names neither a slot nor a dispatch', async () => ({ NIGHTLY: 'yes' })],
    [
      'of a living dispatch',
      async (world) => {
        const dispatchId = ulid();
        await world.dispatches.create(aRecord({ dispatchId, status: 'COMPLETING' }));
        return { DISPATCH_ID: dispatchId, ATTEMPT: '1' };
      },
    ],
    [
      'of a slot that boots',
      async (world) => {
        const { slotId } = await world.givenUnregistered();
        world.stepFunctions.executions.set(slotId, { status: 'running' });
        return { SLOT_ID: slotId };
      },
    ],
    [
      'of a slot that runs a living dispatch',
      async (world) => {
        const dispatchId = ulid();
        await world.dispatches.create(aRecord({ dispatchId, status: 'RUNNING' }));
        const taskArn = TASK_ARN.replace('0123', 'ffff');
        const { slotId } = await world.given({ state: 'RUNNING', claimedBy: `${dispatchId}-1`, taskArn });
        return { SLOT_ID: slotId };
      },
    ],
  ])('%s is left alone', async (_, given) => {
    const world = await aWorld();
    await lookedAt(world, await given(world));
    world.clock.ms += MINUTE;

    await world.minute();

    expect(world.ecs.stops).toEqual([]);
  });

  it('of less than two minutes is left alone', async () => {
    const world = await aWorld();
    world.ecs.run({ SLOT_ID: ulid() });
    world.clock.ms += MINUTE;
    await world.minute();
    world.clock.ms += MINUTE;

    await world.minute();

    expect([world.ecs.stops, (await world.managerItem())['orphans']]).toEqual([[], {}]);
  });
});
