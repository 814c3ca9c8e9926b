import { describe, expect, it } from 'vitest';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import { never } from './pool-world/points.ts';
import { usePoolWorld } from './pool-world/use-pool-world.ts';

const pool = usePoolWorld();

const ONCE = { record: expect.objectContaining({ status: 'SUCCESS' }), begun: 1 };
const lost = () => {
  throw new StateError('DynamoDb.SdkClientException', 'Read timed out');
};
const slotNow = () => pool.world.slot(pool.slot);

describe('a lost answer of the claim', () => {
  it('that the SDK asks for again is a claim that was won', async () => {
    pool.world.dynamoDb.lose('claimedBy', 'once');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record.slotId).toBe(pool.slot.slotId);
  });

  it('that Step Functions asks for again finds the slot that was claimed', async () => {
    pool.world.points.loseAnswer('ClaimWarmSlot');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record.slotId).toBe(pool.slot.slotId);
  });

  it.each<[string, () => void]>([
    ['by the function', () => pool.world.dynamoDb.lose('claimedBy', 'for good')],
    ['by the state machine', () => pool.world.points.at('after ClaimWarmSlot', never)],
  ])('that is never heard %s means cold, and the slot drains itself', async (_, lose) => {
    lose();

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.path).toContain('RunColdTask');
    expect(await slotNow()).toMatchObject({ state: 'STOPPED', drainReason: 'claimed and not assigned' });
  });
});

describe('a lost answer of the assignment', () => {
  it('that the SDK asks for again is an assignment', async () => {
    pool.world.dynamoDb.lose('assignedAt', 'once');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record.slotId).toBe(pool.slot.slotId);
  });

  it('before the worker has seen it is taken back, and the dispatch runs cold', async () => {
    pool.world.dynamoDb.lose('assignedAt', 'for good');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.path).toContain('RunColdTask');
    expect(await slotNow()).toMatchObject({ state: 'STOPPED', drainReason: 'reclaimed' });
  });

  it('that the worker has acknowledged runs cold, because nothing had begun', async () => {
    pool.world.points.at('after RunOnWarmSlot', () => pool.world.reached('after acknowledge').then(lost));

    const ended = await pool.dispatch(() =>
      pool.world.points.at('after acknowledge', () => pool.world.reached('after StopTask')),
    );

    expect(ended).toMatchObject(ONCE);
    expect(ended.path).toEqual(expect.arrayContaining(['ReclaimSlot', 'StopTask', 'RunColdTask']));
  });

  it('to a worker that runs the agent by now has it stopped, and the dispatch runs nowhere else', async () => {
    pool.world.points.at('after RunOnWarmSlot', () => pool.world.reached('agent').then(lost));

    const { record, begun, path } = await pool.dispatch();

    expect(record).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('lost assignment') });
    expect(begun).toBe(1);
    expect(path).not.toContain('RunColdTask');
  });
});

describe('a lost answer of the acknowledgement', () => {
  it('that the SDK asks for again is an acknowledgement', async () => {
    pool.world.dynamoDb.lose('ackedBy', 'once');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record.slotId).toBe(pool.slot.slotId);
  });

  it('that is never heard has the worker leave, and the dispatch run cold, once', async () => {
    pool.world.dynamoDb.lose('ackedBy', 'for good');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.path).toContain('RunColdTask');
    expect(await slotNow()).toMatchObject({ state: 'STOPPED', stop: { exitCode: 75 } });
  });
});

describe('a lost answer of the fence', () => {
  it('that the SDK asks for again lets the worker through', async () => {
    pool.world.dynamoDb.lose('startedAt', 'once');

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record.slotId).toBe(pool.slot.slotId);
  });

  it('that is never heard runs nothing, here or elsewhere', async () => {
    pool.world.dynamoDb.lose('startedAt', 'for good');

    const { record, begun, path } = await pool.dispatch();

    expect(record).toMatchObject({ status: 'FAILED', exitCode: 75 });
    expect(begun).toBe(0);
    expect(path).not.toContain('RunColdTask');
  });
});

describe('a lost answer of the report', () => {
  it.each<[string, () => void]>([
    ['that the SDK asks for again', () => pool.world.points.loseAnswer('report')],
    ['that is never heard', () => pool.world.points.at('after report', lost)],
  ])('%s changes nothing', async (_, lose) => {
    lose();

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record.slotId).toBe(pool.slot.slotId);
  });

  it('or of a report that never arrived: the slot hands back its stop', async () => {
    pool.world.points.at('before report', lost);

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(ONCE);
    expect(ended.record).toMatchObject({ slotId: pool.slot.slotId, exitCode: 0 });
    expect(pool.world.points.reached).toContain('after HandBackStop');
  });
});
