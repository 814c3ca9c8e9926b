import { describe, expect, it } from 'vitest';
import { mended } from './pool-world/mended.ts';
import { never } from './pool-world/points.ts';
import { usePoolWorld } from './pool-world/use-pool-world.ts';

const MINUTE = { 'detail-type': 'Scheduled Event' } as const;

describe('a manager of an empty pool', () => {
  const pool = usePoolWorld({ empty: true });

  it.each([
    ['before it has written the slot down', 'before create'],
    ['between intent and start', 'before start'],
    ['after the start', 'after start'],
  ])('that is killed %s is succeeded by one that starts that very slot, once', async (_, point) => {
    pool.world.points.at(point, never);

    await pool.world.fillPool();
    await mended(pool.world);

    expect(await pool.world.slots()).toHaveLength(1);
    expect(pool.world.ecs.tasks).toHaveLength(1);
  });

  it.each([['create'], ['start']])('that loses the answer of the %s starts one slot', async (step) => {
    pool.world.points.loseAnswer(step);

    await pool.world.fillPool();
    await mended(pool.world);

    expect(await pool.world.slots()).toHaveLength(1);
    expect(pool.world.ecs.tasks).toHaveLength(1);
  });

  it('and nineteen others at once start one slot', async () => {
    await Promise.all(Array.from({ length: 20 }, () => pool.world.manage(MINUTE)));
    await pool.world.fillPool();
    await mended(pool.world);

    expect(await pool.world.slots()).toHaveLength(1);
    expect(pool.world.ecs.tasks).toHaveLength(1);
  });

  it('that sleeps until another has taken over starts nothing of its own', async () => {
    pool.world.points.at('before create', () => pool.world.clock.sleep(100_000));

    await pool.world.fillPool();
    await pool.world.pass(60_000);
    await mended(pool.world);

    expect(await pool.world.slots()).toHaveLength(1);
    expect(pool.world.ecs.tasks).toHaveLength(1);
  });

  it('whose slot cannot boot tries again, later and later, and gets there', async () => {
    const kill = () => {
      const [task] = pool.world.ecs.living;
      if (task) pool.world.ecs.kill(task);
    };
    for (const _ of [1, 2]) pool.world.points.at('before register', kill);

    await pool.world.fillPool(600_000);
    await mended(pool.world);

    expect(pool.world.ecs.tasks).toHaveLength(3);
  });
});

describe('a slot whose own execution is stopped by hand', () => {
  const pool = usePoolWorld();

  it('while it waits leaves nothing behind', async () => {
    pool.world.abort({ execution: pool.world.executionOf(pool.slot) });

    await mended(pool.world);

    expect(await pool.world.slot(pool.slot)).toMatchObject({
      state: 'STOPPED',
      stop: { stopCode: 'UserInitiated' },
    });
  });

  it.each([
    ['before the acknowledgement', 'before acknowledge', 'SUCCESS', 1],
    ['before the fence', 'after acknowledge', 'SUCCESS', 1],
    ['while the agent runs', 'agent', 'FAILED', 1],
  ])('%s has its stop handed back by the manager, and its dispatch run once', async (_, point, status, agents) => {
    const { record, begun, path } = await pool.dispatch(() =>
      pool.world.points.at(point, () => pool.world.abort({ execution: pool.world.executionOf(pool.slot) })),
    );

    expect(record.status).toBe(status);
    expect(begun).toBe(agents);
    expect(path).not.toContain('ReclaimSlot');
  });
});

describe('two dispatches for one slot', () => {
  const pool = usePoolWorld();

  it('that both saw it warm are served, one of them by it, each once', async () => {
    for (const _ of [1, 2]) pool.world.points.at('after look', () => pool.world.reached('after look', 2));
    const other = await pool.world.submit();

    const { record, begun } = await pool.dispatch();

    const records = [record, await pool.world.end(other)];
    expect(records.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(records.filter(({ slotId }) => slotId === pool.slot.slotId)).toHaveLength(1);
    expect([begun, pool.world.begun.get(other.dispatchId)]).toEqual([1, 1]);
    const times = (point: string) => pool.world.points.reached.filter((other) => other === point).length;
    expect([times('before claim'), times('before RunOnWarmSlot')]).toEqual([2, 1]);
    expect(await pool.world.slots()).toHaveLength(2);
  });
});
