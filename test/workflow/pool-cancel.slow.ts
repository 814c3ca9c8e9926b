import { describe, expect, it } from 'vitest';
import { never } from './pool-world/points.ts';
import { usePoolWorld } from './pool-world/use-pool-world.ts';

const pool = usePoolWorld();

const CANCELLED = { status: 'CANCELLED', reason: 'Cancelled on request.' };

describe('a cancel', () => {
  it.each([
    ['before the claim', 'before ClaimWarmSlot', 0],
    ['between claim and assignment', 'before RunOnWarmSlot', 0],
    ['between assignment and acknowledgement', 'before acknowledge', 0],
    ['after the acknowledgement', 'after acknowledge', 0],
    ['before the fence', 'before fence', 0],
    ['behind the fence', 'after fence', 0],
    ['while the agent runs', 'agent', 1],
  ])('%s ends as CANCELLED, and nothing runs cold', async (_, point, agents) => {
    const { record, begun, path } = await pool.dispatch((dispatch) =>
      pool.world.points.at(point, () => pool.world.cancel(dispatch)),
    );

    expect(record).toMatchObject(CANCELLED);
    expect(begun).toBe(agents);
    expect(path.filter((name) => name === 'RunColdTask')).toEqual([]);
  });

  it('after the agent has finished is too late', async () => {
    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at('before report', () => pool.world.cancel(dispatch)),
    );

    expect(record).toMatchObject({ status: 'SUCCESS', exitCode: 0 });
    expect(begun).toBe(1);
  });
});

describe('a cancel of a dispatch whose worker is killed', () => {
  it.each([
    ['after CLAIMED', 'before RunOnWarmSlot', 0],
    ['after ASSIGNED', 'before acknowledge', 0],
    ['after the acknowledgement', 'before fence', 0],
    ['after RUNNING', 'agent', 1],
  ])('%s ends as CANCELLED, and nothing runs cold', async (_, point, agents) => {
    const { record, begun, path } = await pool.dispatch((dispatch) =>
      pool.world.points.at(point, async () => {
        pool.kill();
        await pool.world.cancel(dispatch);
      }),
    );

    expect(record).toMatchObject(CANCELLED);
    expect(begun).toBe(agents);
    expect(path).not.toContain('RunColdTask');
  });
});

describe('a cancel of a dispatch whose execution is aborted', () => {
  it.each([
    ['between claim and assignment', 'before RunOnWarmSlot', never, 0],
    ['between assignment and acknowledgement', 'before acknowledge', () => {}, 0],
    ['after the acknowledgement', 'after acknowledge', () => {}, 0],
    ['while the agent runs', 'agent', () => {}, 1],
  ])('%s ends as CANCELLED', async (_, point, then, agents) => {
    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at(point, async () => {
        await pool.world.cancel(dispatch);
        pool.world.abort(dispatch);
        await then();
      }),
    );

    expect(record).toMatchObject(CANCELLED);
    expect(begun).toBe(agents);
  });
});

describe('a cancel of a dispatch, of which an answer was lost', () => {
  it.each([
    ['of the claim', 'claimedBy', 'before ClaimWarmSlot', 0],
    ['of the assignment', 'assignedAt', 'before RunOnWarmSlot', 0],
    ['of the acknowledgement', 'ackedBy', 'before acknowledge', 0],
  ] as const)('%s, ends as CANCELLED', async (_, attribute, point, agents) => {
    pool.world.dynamoDb.lose(attribute, 'for good');

    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at(point, () => pool.world.cancel(dispatch)),
    );

    expect(record).toMatchObject(CANCELLED);
    expect(begun).toBe(agents);
  });

  it('of the report, ends as SUCCESS: the agent had finished', async () => {
    const { record, begun } = await pool.dispatch((dispatch) =>
      pool.world.points.at('before report', async () => {
        await pool.world.cancel(dispatch);
        throw new Error('The report was lost.');
      }),
    );

    expect(record).toMatchObject({ status: 'SUCCESS' });
    expect(begun).toBe(1);
  });
});
