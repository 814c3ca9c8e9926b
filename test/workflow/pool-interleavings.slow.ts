import { describe, expect, it } from 'vitest';
import { never } from './pool-world/points.ts';
import { usePoolWorld } from './pool-world/use-pool-world.ts';

const pool = usePoolWorld();

const COLD_ONCE = { record: expect.objectContaining({ status: 'SUCCESS' }), begun: 1 };
const times = (path: readonly string[], state: string) => path.filter((name) => name === state).length;

it('serves a dispatch on a warm slot, and has another one ready', async () => {
  const { record, begun, path } = await pool.dispatch();

  const { taskArn } = pool.world.taskOf(pool.slot);
  expect(record).toMatchObject({ status: 'SUCCESS', slotId: pool.slot.slotId, taskArn });
  expect(begun).toBe(1);
  expect(path).not.toContain('RunColdTask');
});

describe('an execution that is aborted', () => {
  it.each([
    ['between claim and assignment', 'before RunOnWarmSlot', never],
    ['while the assignment is on its way', 'before RunOnWarmSlot', () => {}],
    ['between assignment and acknowledgement', 'before acknowledge', () => {}],
    ['after the acknowledgement', 'after acknowledge', () => {}],
  ])('%s runs nothing, and is settled', async (_, point, then) => {
    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at(point, () => {
        pool.world.abort(dispatch);
        return then();
      }),
    );

    expect(record).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('The execution was stopped') });
    expect(begun).toBe(0);
  });

  it('just before the fence, and settled there, runs nothing', async () => {
    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at('before fence', async () => {
        pool.world.abort(dispatch);
        await pool.world.clock.sleep(5_000);
      }),
    );

    expect(record).toMatchObject({ status: 'FAILED', outcomeId: expect.stringContaining(':settle') });
    expect(begun).toBe(0);
  });

  it('while the agent runs has its worker stopped, and is settled', async () => {
    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at('agent', () => pool.world.abort(dispatch)),
    );

    expect(record).toMatchObject({ status: 'FAILED', outcomeId: expect.stringContaining(':settle') });
    expect(record).toHaveProperty('output');
    expect(pool.world.taskOf(pool.slot).stoppedReason).toBe('outpost:execution ABORTED');
    expect(begun).toBe(1);
  });
});

describe('a worker that is killed', () => {
  it('after WARM has its dispatch run cold, once', async () => {
    pool.kill();

    const ended = await pool.dispatch();

    expect(ended).toMatchObject(COLD_ONCE);
    expect(times(ended.path, 'RunColdTask')).toBe(1);
    expect(ended.record.slotId).toBeUndefined();
  });

  it.each([
    ['after CLAIMED, assigned when it is dead', 'before RunOnWarmSlot', () => {}],
    ['after CLAIMED, assigned when its slot is closed', 'before RunOnWarmSlot', () => pool.world.isClosed(pool.slot)],
    ['after ASSIGNED', 'before acknowledge', () => {}],
    ['after the acknowledgement and before the fence', 'before fence', () => {}],
  ])('%s has its dispatch run cold, once', async (_, point, then) => {
    const ended = await pool.dispatch(() =>
      pool.world.points.at(point, () => {
        pool.kill();
        return then();
      }),
    );

    expect(ended).toMatchObject(COLD_ONCE);
    expect(times(ended.path, 'RunColdTask')).toBe(1);
    expect(ended.record.slotId).toBeUndefined();
  });

  it.each([
    ['behind the fence', 'after fence', { exitCode: 137 }, 0],
    ['while the agent runs', 'agent', { exitCode: 137 }, 1],
    // What the agent came to is in result.json by then, and stays what the record says.
    ['before it could report', 'before report', { exitCode: 0 }, 1],
  ])('after RUNNING, %s, has its dispatch fail, and never run twice', async (_, point, fields, agents) => {
    const { record, begun, path } = await pool.dispatch(() => pool.world.points.at(point, pool.kill));

    expect(record).toMatchObject({ status: 'FAILED', ...fields });
    expect(begun).toBe(agents);
    expect(path).not.toContain('RunColdTask');
  });

  it('after its report changes nothing, and its slot hands back to a stale token', async () => {
    const { record, begun } = await pool.dispatch(() => pool.world.points.at('after report', pool.kill));

    expect(record).toMatchObject({ status: 'SUCCESS', exitCode: 0 });
    expect(begun).toBe(1);
    expect(times(pool.world.points.reached, 'before HandBackStop')).toBe(1);
    expect(pool.world.executionOf(pool.slot).outcome?.status).toBe('SUCCEEDED');
  });
});

describe('a reclaim that races the acknowledgement', () => {
  it('and wins has the dispatch run cold, once', async () => {
    const ended = await pool.dispatch(() =>
      pool.world.points.at('before acknowledge', () => pool.world.reached('after ReclaimSlot')),
    );

    expect(ended).toMatchObject(COLD_ONCE);
    expect(times(ended.path, 'RunColdTask')).toBe(1);
    expect(pool.world.said.join()).toContain('The assignment was taken back.');
  });

  it('and loses has the worker stopped, and the dispatch run cold, once: it had not begun', async () => {
    const ended = await pool.dispatch(() => {
      pool.world.points.at('before acknowledge', () => pool.world.reached('before ReclaimSlot'));
      pool.world.points.at('before ReclaimSlot', () => pool.world.reached('after acknowledge'));
    });

    expect(ended).toMatchObject(COLD_ONCE);
    expect(ended.path).toContain('StopTask');
    expect(times(ended.path, 'RunColdTask')).toBe(1);
  });

  it('at the very same time runs it once, whoever wins', async () => {
    const { record, begun } = await pool.dispatch(() =>
      pool.world.points.at('before acknowledge', () => pool.world.reached('before ReclaimSlot')),
    );

    expect(record.status).toBe('SUCCESS');
    expect(begun).toBe(1);
  });
});

describe('a worker that is not heard of', () => {
  it('while the agent runs is stopped, and its dispatch runs nowhere else', async () => {
    pool.world.agentMs = 300_000;

    const { record, begun, path } = await pool.dispatch(() =>
      pool.world.points.at('agent', () => {
        pool.world.losesHeartbeats = true;
      }),
    );

    expect(record).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('lost heartbeat') });
    expect(begun).toBe(1);
    expect(path).toContain('StopTask');
    expect(path).not.toContain('RunColdTask');
  });

  it('until it is stopped, which is while it passes the fence, ends a dispatch that never began', async () => {
    pool.world.losesHeartbeats = true;

    const { record, begun, path } = await pool.dispatch(() =>
      pool.world.points.at('before fence', () => pool.world.reached('after StopTask')),
    );

    expect(record).toMatchObject({ status: 'FAILED', exitCode: 143 });
    expect(begun).toBe(0);
    expect(path).not.toContain('RunColdTask');
  });
});

describe('a slot that was assigned by an execution which has ended', () => {
  it('is stopped by who settles that, before it runs anything', async () => {
    const { begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at('after RunOnWarmSlot', () => pool.world.abort(dispatch)),
    );

    expect(begun).toBe(0);
    expect(pool.world.said.join()).toContain('Drained: its ECS task is stopped.');
    expect(pool.world.points.reached).not.toContain('before fence');
  });
});
