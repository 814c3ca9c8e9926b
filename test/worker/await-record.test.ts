import { describe, expect, it } from 'vitest';
import type { DispatchStatus } from '../../core/dispatch-status.ts';
import { awaitRecord } from '../../worker/warm/await-record.ts';
import { WorkerLog } from '../../worker/worker-log.ts';
import { aRecord } from '../lambdas/records.ts';

const TIMES = { recordMs: 1_000, recordLookMs: 100 } as Parameters<typeof awaitRecord>[0]['times'];

/** A worker that has reported, whose record goes through these statuses, one for each look; the last one stays. */
function worker(statuses: readonly (DispatchStatus | 'unreadable')[], stop = new AbortController().signal) {
  let elapsed = 0;
  let looks = 0;
  const record = aRecord({});
  const work = {
    times: TIMES,
    stop,
    log: new WorkerLog(),
    clock: {
      now: () => new Date(),
      elapsed: () => elapsed,
      sleep: async (ms: number) => {
        elapsed += ms;
      },
    },
    records: {
      get: async () => {
        const status = statuses[Math.min(looks++, statuses.length - 1)] ?? 'RUNNING';
        if (status === 'unreadable') throw new Error('throttled');
        return { ...record, status };
      },
    },
  } as unknown as Parameters<typeof awaitRecord>[0];
  return { wait: () => awaitRecord(work, record), looks: () => looks, elapsed: () => elapsed };
}

describe('a worker that has reported', () => {
  it('stays until its attempt is recorded as ended', async () => {
    const { wait, looks } = worker(['RUNNING', 'COMPLETING', 'SUCCESS']);

    await wait();

    expect(looks()).toBe(3);
  });

  it.each([
    ['an end that is never recorded', ['COMPLETING'] as const, 1_000],
    ['a record that cannot be read', ['unreadable'] as const, 0],
  ])('does not stay for %s', async (_case, statuses, ms) => {
    const { wait, elapsed } = worker(statuses);

    await wait();

    expect(elapsed()).toBe(ms);
  });

  it('goes at once where it is stopped', async () => {
    const { wait, looks } = worker(['RUNNING'], AbortSignal.abort());

    await wait();

    expect(looks()).toBe(0);
  });
});
