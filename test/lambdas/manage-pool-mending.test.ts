import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slot, SlotStop } from '../../core/slot.ts';
import { BOOT_MS } from '../../core/slot-times.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { aPoolWorld, MINUTE, type PoolWorld, poolWith } from './manage-pool-world.ts';
import { DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const ago = (ms: number) => new Date(Date.parse(NOW) - ms).toISOString();
const CLAIMED = { state: 'CLAIMED', claimedBy: `${DISPATCH_ID}-1`, claimedAt: NOW } as const;
const ASSIGNED = { ...CLAIMED, state: 'ASSIGNED', taskToken: 'token', assignedAt: NOW } as const;
const RUNNING = { ...ASSIGNED, state: 'RUNNING', ackedBy: TASK_ARN, ackedAt: NOW } as const;
const DRAINING = { state: 'DRAINING', drainReason: 'reclaimed', drainedAt: NOW } as const;

/** A pool that wants no slot, so that what is there is all there is to see to. */
async function aWorldWith(fields: Partial<Slot>): Promise<{ world: PoolWorld; slot: Slot }> {
  const world = await aPoolWorld(database.client, { bounds: { shell: { min: 0, max: 1 } } });
  return { world, slot: await world.given(fields) };
}

describe('a slot whose ECS task lives', () => {
  it.each<[string, Partial<Slot>, string]>([
    ['WARM and unseen for a minute', { seenAt: ago(MINUTE + 1) }, 'not seen any more'],
    ['CLAIMED for two minutes', { ...CLAIMED, claimedAt: ago(2 * MINUTE + 1) }, 'claimed and not served'],
    ['ASSIGNED for two minutes', { ...ASSIGNED, assignedAt: ago(2 * MINUTE + 1) }, 'claimed and not served'],
  ])('is drained where it is %s, and stopped a minute later', async (_, fields, drainReason) => {
    const { world, slot } = await aWorldWith(fields);

    await world.minute();
    const drained = await world.pool.get(slot);
    world.clock.ms += MINUTE + 1;
    await world.minute();

    expect(drained).toMatchObject({ state: 'DRAINING', drainReason, drainedAt: NOW });
    expect(world.ecs.stops).toEqual([`${slot.taskArn} its slot is DRAINING`]);
    expect(world.stepFunctions.handedBack).toEqual([]);
  });

  it.each<[string, Partial<Slot>]>([
    ['WARM and was seen a minute ago', { seenAt: ago(MINUTE) }],
    ['CLAIMED for less than two minutes', { ...CLAIMED, claimedAt: ago(2 * MINUTE) }],
    ['ASSIGNED for less than two minutes', { ...ASSIGNED, assignedAt: ago(2 * MINUTE) }],
    ['RUNNING, however long', { ...RUNNING, assignedAt: ago(600 * MINUTE), seenAt: ago(600 * MINUTE) }],
    ['DRAINING for less than a minute', { ...DRAINING, drainedAt: ago(MINUTE) }],
  ])('is left alone where it is %s', async (_, fields) => {
    const { world, slot } = await aWorldWith(fields);

    await world.minute();

    expect([await world.pool.get(slot), world.ecs.stops]).toEqual([slot, []]);
  });

  it('is not drained where a worker acknowledges it first', async () => {
    const { world, slot } = await aWorldWith({ ...ASSIGNED, assignedAt: ago(3 * MINUTE) });
    const drain: typeof world.pool.drain = async (...drained) => {
      await world.pool.acknowledge(slot, 'token', slot.taskArn ?? '', NOW);
      return world.pool.drain(...drained);
    };

    await world.minute({ pool: poolWith(world, { drain }) });

    expect(await world.pool.get(slot)).toMatchObject({ state: 'RUNNING' });
    expect(world.counted).toEqual([]);
  });

  it('is stopped at once where the slot is a tombstone', async () => {
    const { world, slot } = await aWorldWith({});
    await world.pool.close(slot, {}, world.now());

    await world.minute();

    expect(world.ecs.stops).toEqual([`${slot.taskArn} its slot is STOPPED`]);
  });
});

describe('a slot whose ECS task has stopped', () => {
  it.each<[string, Partial<Slot>]>([
    ['WARM', {}],
    ['CLAIMED', CLAIMED],
    ['ASSIGNED', ASSIGNED],
    ['RUNNING', RUNNING],
    ['DRAINING', DRAINING],
  ])('and is %s is closed with what ECS says, once its execution is gone', async (_, fields) => {
    const { world, slot } = await aWorldWith(fields);
    world.stepFunctions.abort(slot.slotId);
    const { stop } = world.ecs.exit(slot.taskArn ?? '', 137);

    await world.minute();

    const taskArn = slot.taskArn ?? '';
    expect(await world.pool.get(slot)).toMatchObject({
      state: 'STOPPED',
      stoppedAt: NOW,
      stop: { taskArn, stopCode: 'EssentialContainerExited', exitCode: 137 },
    });
    const waits = 'taskToken' in fields;
    expect(world.stepFunctions.handedBack).toEqual(waits ? [{ token: 'token', output: { stop } }] : []);
    expect(world.counted).toContain('mended shell');
  });

  it("and was stopped with its execution hands back no stop by hand, so that its dispatch is nobody's cancel", async () => {
    const { world, slot } = await aWorldWith(RUNNING);
    world.stepFunctions.abort(slot.slotId);
    const task = world.ecs.exit(slot.taskArn ?? '', 143);
    const stop = { ...task.stop, stopCode: 'UserInitiated', stoppedReason: 'Task stopped by Step Functions' };
    world.ecs.tasks.set(task.taskArn, { ...task, stop });

    await world.minute();

    const stoppedReason = 'outpost:execution of its warm slot ABORTED';
    expect(world.stepFunctions.handedBack).toMatchObject([{ output: { stop: { stoppedReason } } }]);
    expect(await world.pool.get(slot)).toMatchObject({ stop: { stoppedReason } });
  });

  it('is left to its own execution for a minute', async () => {
    const { world, slot } = await aWorldWith(RUNNING);
    world.ecs.exit(slot.taskArn ?? '', 0);

    await world.minute();
    const before = await world.pool.get(slot);
    world.clock.ms += MINUTE + 1;
    await world.minute();

    expect(before).toEqual(slot);
    expect(await world.pool.get(slot)).toMatchObject({ state: 'STOPPED' });
    expect(world.stepFunctions.handedBack).toHaveLength(1);
  });

  it('and that ECS has forgotten is closed with words, and these are handed back', async () => {
    const { world, slot } = await aWorldWith(RUNNING);
    world.stepFunctions.abort(slot.slotId);
    world.ecs.tasks.clear();

    await world.minute();

    const words = { error: 'Slot.Forgotten', cause: 'ECS does not know its ECS task any more.' };
    expect(await world.pool.get(slot)).toMatchObject({ state: 'STOPPED', stop: words });
    expect(world.stepFunctions.handedBack).toEqual([{ token: 'token', output: words }]);
  });

  it('is not taken for forgotten while its execution runs and it is young', async () => {
    const { world, slot } = await aWorldWith({ ...RUNNING, createdAt: ago(60 * MINUTE) });
    world.ecs.tasks.clear();

    await world.minute();

    expect(await world.pool.get(slot)).toEqual(slot);
  });

  it('is handed back though the answer to its closing was lost', async () => {
    const { world, slot } = await aWorldWith(RUNNING);
    world.stepFunctions.abort(slot.slotId);
    const { stop } = world.ecs.exit(slot.taskArn ?? '', 0);
    const close: typeof world.pool.close = async (...closed) => {
      await world.pool.close(...closed);
      return world.pool.close(...closed);
    };

    await world.minute({ pool: poolWith(world, { close }) });
    await world.minute();

    expect(world.stepFunctions.handedBack).toEqual([{ token: 'token', output: { stop } }]);
    expect(world.counted).toEqual([]);
  });

  it.each<[string, SlotStop, unknown]>([
    [
      'what its tombstone keeps',
      { taskArn: TASK_ARN, stopCode: 'SpotInterruption', exitCode: 143 },
      {
        stop: { taskArn: TASK_ARN, stopCode: 'SpotInterruption', containers: [{ name: 'worker', exitCode: 143 }] },
      },
    ],
    ['the words of its tombstone', { error: 'E' }, { error: 'E', cause: '' }],
  ])('is handed back once, as %s, where a manager died between closing it and that', async (_, stop, output) => {
    const { world, slot } = await aWorldWith(RUNNING);
    await world.pool.close(slot, stop, world.now());
    world.ecs.exit(slot.taskArn ?? '', 143);

    await world.minute();
    await world.minute();

    expect(world.stepFunctions.handedBack).toEqual([{ token: 'token', output }]);
  });
});

describe('a slot of which no worker has registered', () => {
  const bounds = { shell: { min: 1, max: 1 } };

  it('is started again where its execution is not there, under its own name', async () => {
    const world = await aPoolWorld(database.client, { bounds });
    const slot = await world.givenUnregistered({ createdAt: ago(15_000) });

    await world.minute();

    expect(world.stepFunctions.starts).toEqual([slot.slotId]);
  });

  it('is left to whoever has just intended it', async () => {
    const world = await aPoolWorld(database.client, { bounds });
    await world.givenUnregistered({ createdAt: ago(14_999) });

    await world.minute();

    expect(world.stepFunctions.starts).toEqual([]);
  });

  it('is closed where its execution has closed, and counts as a failed boot', async () => {
    const world = await aPoolWorld(database.client, { bounds });
    const slot = await world.givenUnregistered({ createdAt: ago(MINUTE) });
    world.stepFunctions.abort(slot.slotId);

    await world.minute();

    expect(await world.pool.get(slot)).toMatchObject({ state: 'STOPPED', stop: { error: 'Execution.ABORTED' } });
    expect(world.counted).toEqual(['mended shell', '1 boots failed shell']);
  });

  it('is drained where it takes ten minutes, and closed where it had no execution at all', async () => {
    const world = await aPoolWorld(database.client, { bounds });
    const [boots, never] = [ulid(), ulid()];
    for (const slotId of [boots, never]) await world.givenUnregistered({ slotId, createdAt: ago(BOOT_MS + 1) });
    world.stepFunctions.executions.set(boots, { status: 'running' });

    await world.minute();

    const ref = { agentType: 'shell' };
    expect(await world.pool.get({ ...ref, slotId: boots })).toMatchObject({ drainReason: 'not warm in time' });
    expect(await world.pool.get({ ...ref, slotId: never })).toMatchObject({ state: 'STOPPED' });
    expect(world.counted).toContain('2 boots failed shell');
  });

  it('is closed where it was drained before its execution was started', async () => {
    const world = await aPoolWorld(database.client, { bounds });
    const slot = await world.givenUnregistered({ ...DRAINING, drainedAt: ago(MINUTE) });

    await world.minute();

    expect(await world.pool.get(slot)).toMatchObject({ state: 'STOPPED', stop: { error: 'Slot.NeverStarted' } });
  });
});

describe('a look at the ECS tasks', () => {
  it('is every minute, and not at every claim', async () => {
    const world = await aPoolWorld(database.client);
    let looks = 0;
    const running = async () => {
      looks++;
      return [];
    };
    const tasks = { ...world.ecs, running };

    await world.minute({ tasks });
    for (const _ of [1, 2, 3, 4]) {
      world.clock.ms += 10_000;
      await world.claimed({ tasks });
    }
    world.clock.ms += 20_000;
    await world.minute({ tasks });

    expect(looks).toBe(2);
  });

  it('is taken by the schedule, though one was taken a moment ago', async () => {
    const { world, slot } = await aWorldWith({});
    await world.claimed();
    await world.pool.close(slot, {}, world.now());
    world.clock.ms += 1000;

    await world.minute();

    expect(world.ecs.stops).toHaveLength(1);
  });

  it('that fails leaves the rest of the pool managed', async () => {
    const world = await aPoolWorld(database.client);
    const running = async () => {
      throw new Error('Throttled.');
    };

    const managed = world.minute({ tasks: { ...world.ecs, running } });

    await expect(managed).rejects.toThrow('Throttled.');
    expect(await world.inState('BOOTING')).toHaveLength(2);
  });
});
