import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../worker/warm/slot-clock.ts';
import { openSlots, type SlotsInTest } from './slot-in-test.ts';
import { until } from './worker-in-test.ts';

let slots: SlotsInTest;

beforeAll(async () => {
  slots = await openSlots();
});
afterAll(() => slots.close());

describe.concurrent('a worker that waits', () => {
  it('says again and again that it is there', async () => {
    const worker = await slots.serve();
    await worker.is('WARM');
    const first = (await worker.slot())?.seenAt ?? '';

    await until(async () => ((await worker.slot())?.seenAt ?? '') > first);
    const second = (await worker.slot())?.seenAt ?? '';
    await until(async () => ((await worker.slot())?.seenAt ?? '') > second);

    expect(await worker.slot()).toMatchObject({ state: 'WARM' });
  });

  it('goes on where its looks and notes fail, and says that it cannot look once', async () => {
    let failures = 0;
    const failing = async () => {
      failures += 1;
      throw new Error('throttled');
    };
    let isOver = false;
    const worker = await slots.serve({
      pool: (real) => ({
        get: (ref) => (isOver ? real.get(ref) : failing()),
        seen: (...given) => (isOver ? real.seen(...given) : failing()),
        managerSeenAt: () => (isOver ? real.managerSeenAt() : failing()),
      }),
    });
    await until(() => failures > 20);
    isOver = true;

    await worker.claim();
    await worker.assign();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(worker.said.filter((line) => line.includes('cannot be reached'))).toHaveLength(1);
  });

  it.each([
    { case: 'leaves with 0', registers: true, exit: 0, says: /could not be reached for too long/ },
    {
      case: 'has failed to boot',
      registers: false,
      exit: 1,
      says: /cannot be registered: connect ECONNREFUSED$/,
    },
  ])('$case where nobody answers for too long', async ({ registers, exit, says }) => {
    let elapsed = 0;
    let failures = 0;
    const silent = async () => {
      elapsed += 400;
      failures += 1;
      throw new Error('connect ECONNREFUSED');
    };
    const worker = await slots.serve({
      times: { managerGoneMs: 2_000, lifeMs: 1_000_000 },
      parts: { clock: { ...systemClock, elapsed: () => elapsed } },
      pool: () => ({ get: silent, ...(registers ? {} : { register: silent }), seen: async () => true }),
    });

    const exitCode = await worker.ended;

    expect({ exitCode, failures }).toEqual({ exitCode: exit, failures: 5 });
    expect(worker.said.filter((line) => says.test(line.trim()))).toHaveLength(1);
  });

  it('drains itself where it was claimed and is not assigned', async () => {
    const worker = await slots.serve({ times: { unassignedMs: 30 } });
    await worker.is('WARM');

    await worker.claim();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toMatchObject({ state: 'DRAINING', drainReason: 'claimed and not assigned' });
  });

  it('drains itself at the end of its life', async () => {
    const worker = await slots.serve({ times: { lifeMs: 30 } });

    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toMatchObject({ state: 'DRAINING', drainReason: 'at the end of its life' });
  });

  it('tries to drain itself again where that failed', async () => {
    let failures = 2;
    const worker = await slots.serve({
      times: { lifeMs: 10 },
      pool: (real) => ({
        drain: async (...given) => {
          if (failures-- > 0) throw new Error('throttled');
          return real.drain(...given);
        },
      }),
    });

    const exitCode = await worker.ended;

    expect({ exitCode, failures }).toEqual({ exitCode: 0, failures: -1 });
    expect(await worker.slot()).toMatchObject({ state: 'DRAINING' });
  });

  it('serves a claim that came as it wanted to drain itself', async () => {
    const worker = await slots.serve({
      times: { lifeMs: 0 },
      pool: (real) => ({
        drain: async (...given) => {
          await worker.claim();
          return real.drain(...given);
        },
      }),
    });
    await worker.is('CLAIMED');

    await worker.assign();
    const exitCode = await worker.ended;

    expect({ exitCode, reports: worker.execution.reports.length }).toEqual({ exitCode: 0, reports: 1 });
  });

  it.each([
    { case: 'none has ever been there', seenAt: undefined },
    { case: 'none has run since it registered', seenAt: '2026-03-01T12:00:00.000Z' },
    { case: 'the last one ran by a clock that is ahead', seenAt: '2999-01-01T00:00:00.000Z' },
  ])('drains itself where no manager is seen: $case', async ({ seenAt }) => {
    let elapsed = 0;
    const worker = await slots.serve({
      times: { managerGoneMs: 1_000, lifeMs: 1_000_000 },
      parts: { clock: { ...systemClock, elapsed: () => elapsed } },
      pool: () => ({
        managerSeenAt: async () => {
          elapsed += 400;
          return seenAt;
        },
      }),
    });

    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toMatchObject({ state: 'DRAINING', drainReason: 'no manager seen' });
  });

  it('stays as long as managers come', async () => {
    let elapsed = 0;
    let runs = 0;
    const worker = await slots.serve({
      times: { managerGoneMs: 600, lifeMs: 1_000_000 },
      parts: { clock: { ...systemClock, elapsed: () => elapsed } },
      pool: () => ({
        managerSeenAt: async () => {
          elapsed += 400;
          runs += 1;
          return `run ${runs}`;
        },
      }),
    });

    await until(() => runs > 10);

    expect(await worker.slot()).toMatchObject({ state: 'WARM' });
  });

  it('reads when a manager was seen from the lease', async () => {
    await slots.manage('2026-03-01T12:00:00.000Z');

    const seenAt = await slots.pool.managerSeenAt();

    expect(seenAt).toBe('2026-03-01T12:00:00.000Z');
  });

  it.each([-3_600_000, 3_600_000])('is not misled by a clock that is %i ms off', async (offset) => {
    const clock = { ...systemClock, now: () => new Date(Date.now() + offset) };
    const worker = await slots.serve({
      parts: { clock },
      times: { unassignedMs: 30_000, managerGoneMs: 30_000, lifeMs: 30_000 },
      pool: () => ({ managerSeenAt: async () => new Date().toISOString() }),
    });
    await worker.is('WARM');
    await worker.claim();
    const looks = worker.looks();
    await until(() => worker.looks() > looks + 1);

    await worker.assign();
    const exitCode = await worker.ended;

    expect({ exitCode, reports: worker.execution.reports.length }).toEqual({ exitCode: 0, reports: 1 });
  });

  it.each(['DRAINING', 'STOPPED'] as const)('leaves with 0 when its slot is %s', async (state) => {
    const worker = await slots.serve();
    await worker.is('WARM');

    const now = new Date();
    if (state === 'DRAINING') await slots.pool.drain(worker, ['WARM'], 'surplus', now.toISOString());
    else await slots.pool.close(worker, {}, now);
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(worker.order).toEqual(['register']);
  });

  it('leaves with 0 when its slot is gone', async () => {
    const worker = await slots.serve();
    await worker.is('WARM');

    await slots.pool.close(worker, {}, new Date());
    await slots.pool.bury(worker);
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
  });

  it.each(['WARM', 'CLAIMED', 'ASSIGNED'] as const)(
    'drains a slot that is %s when it is stopped, at once',
    async (state) => {
      const worker = await slots.serve({ times: { pollMs: 60_000 } });
      await worker.is('WARM');
      // The first look is over, and the next one a minute away.
      await until(() => worker.looks() > 0);
      if (state !== 'WARM') await worker.claim();
      if (state === 'ASSIGNED') await worker.assign();

      worker.stop();
      const exitCode = await worker.ended;

      expect(exitCode).toBe(0);
      expect(await worker.slot()).toMatchObject({ state: 'DRAINING', drainReason: 'its ECS task is stopped' });
      expect(worker.order).toEqual(['register']);
    },
  );

  it('leaves when it is stopped even where its slot cannot be drained', async () => {
    const worker = await slots.serve({ pool: () => ({ drain: () => Promise.reject(new Error('throttled')) }) });
    await worker.is('WARM');

    worker.stop();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toMatchObject({ state: 'WARM' });
  });
});
