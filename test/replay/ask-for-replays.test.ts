import { ulid } from 'ulid';
import { expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { DispatchReplayRequested } from '../../core/events.ts';
import { askForReplays, type ReplayProgress } from '../../scripts/replay/ask-for-replays.ts';
import { aRecord } from '../lambdas/records.ts';

const failed = (tenantId = 'acme') => aRecord({ dispatchId: ulid(), status: 'FAILED', tenantId });

/** A deployment whose clock goes only while somebody waits. A request begins so many milliseconds after it came. */
function aGround(dispatches: readonly DispatchRecord[], { places = 1_000, beginsAfter = 200, lasts = 1_500 } = {}) {
  let time = 0;
  const requests: (DispatchReplayRequested & { readonly at: number })[] = [];
  const ofTenant = (tenantId: string) =>
    requests.filter(({ dispatchId }) => dispatches.find((one) => one.dispatchId === dispatchId)?.tenantId === tenantId);
  const lives = ({ at }: { at: number }) => time >= at + beginsAfter && time < at + beginsAfter + lasts;
  let most = 0;
  return {
    requests,
    mostAtOnce: () => most,
    ground: {
      now: () => time,
      wait: async (ms: number) => {
        time += ms;
        most = Math.max(most, requests.filter(lives).length);
      },
      replayRequested: async (event: DispatchReplayRequested) => void requests.push({ ...event, at: time }),
      get: async (dispatchId: string) => {
        const record = dispatches.find((one) => one.dispatchId === dispatchId);
        const request = requests.find((one) => one.dispatchId === dispatchId);
        return record && request && time >= request.at + beginsAfter ? { ...record, attempt: 2 } : record;
      },
      tenant: async (tenantId: string) => ({
        status: 'ACTIVE' as const,
        maxConcurrent: tenantId === 'full' ? 0 : places,
        living: ofTenant(tenantId).filter(lives).length,
      }),
    },
  };
}

it('asks for the next attempt of each dispatch once, at the rate it is given, and sees them begin', async () => {
  const dispatches = Array.from({ length: 21 }, () => failed());
  const { ground, requests } = aGround(dispatches);

  const result = await askForReplays(ground, dispatches, 5, () => undefined);

  expect(result).toEqual({ begun: 21, missing: [] });
  expect(requests.map(({ dispatchId }) => dispatchId)).toEqual(dispatches.map(({ dispatchId }) => dispatchId));
  expect(requests[0]).toMatchObject({ version: '1', eventId: `bulk:${dispatches[0]?.dispatchId}-1`, attempt: 1 });
  expect(requests.map(({ at }) => at)).toEqual(dispatches.map((_, index) => index * 200));
});

it('never has more of a tenant living than it has places for', async () => {
  const dispatches = Array.from({ length: 12 }, () => failed());
  const { ground, mostAtOnce } = aGround(dispatches, { places: 2 });

  const result = await askForReplays(ground, dispatches, 50, () => undefined);

  expect(result.begun).toBe(12);
  expect(mostAtOnce()).toBe(2);
});

it('does not let a tenant without places hold up the others, and says whom it waits for', async () => {
  const dispatches = [failed('full'), failed(), failed()];
  const { ground, requests } = aGround(dispatches);
  const seen: ReplayProgress[] = [];
  const stop = new Error('seen enough');

  const run = askForReplays(ground, dispatches, 5, (progress) => {
    seen.push(progress);
    if (progress.begun === 2) throw stop;
  });

  await expect(run).rejects.toBe(stop);
  expect(requests).toHaveLength(2);
  expect(seen.at(-1)).toEqual({ begun: 2, asked: 0, left: 1, fullTenants: ['full'] });
});

it('names what has not begun within a minute', async () => {
  const dispatches = [failed(), failed()];
  const { ground } = aGround(dispatches, { beginsAfter: Number.POSITIVE_INFINITY });

  const result = await askForReplays(ground, dispatches, 5, () => undefined);

  expect(result).toEqual({ begun: 0, missing: dispatches });
  expect(ground.now()).toBeLessThan(70_000);
});
