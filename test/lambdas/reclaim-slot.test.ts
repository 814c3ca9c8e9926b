import { describe, expect, it } from 'vitest';
import type { Slot } from '../../core/slot.ts';
import { HEARTBEAT_SECONDS } from '../../core/slot-times.ts';
import { RUN_MARGIN_SECONDS } from '../../core/time-limits.ts';
import { reclaimSlot } from '../../lambdas/reclaim-slot/reclaim-slot.ts';
import { aSlot, DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

const CLAIMER = `${DISPATCH_ID}-1`;
const TIMEOUT_SECONDS = 100;
const ALL_SECONDS = TIMEOUT_SECONDS + RUN_MARGIN_SECONDS;

const reclaim = (slot: Slot | undefined, drains = false) =>
  reclaimSlot(
    { pool: { reclaim: async () => drains, get: async () => slot }, now: () => new Date(NOW) },
    { dispatchId: DISPATCH_ID, attempt: 1, agent: 'shell', slotId: aSlot().slotId, timeoutSeconds: TIMEOUT_SECONDS },
  );
const acknowledged = (secondsAgo: number, fields: Partial<Slot> = {}) =>
  aSlot({
    state: 'RUNNING',
    claimedBy: CLAIMER,
    assignedAt: new Date(Date.parse(NOW) - secondsAgo * 1000).toISOString(),
    ackedBy: TASK_ARN,
    ...fields,
  });

describe('reclaiming a slot', () => {
  it.each<[string, Slot | undefined, boolean]>([
    ['it drains', aSlot({ state: 'DRAINING', claimedBy: CLAIMER }), true],
    ['it stopped before anyone acknowledged', aSlot({ state: 'STOPPED', claimedBy: CLAIMER }), false],
    ["it is another dispatch's", acknowledged(10, { claimedBy: `${DISPATCH_ID}-2` }), false],
    ["it is nobody's", aSlot(), false],
    ['it is gone', undefined, false],
  ])('frees the dispatch to run cold where %s', async (_, slot, drains) => {
    const answer = await reclaim(slot, drains);

    expect(answer).toEqual({ reclaimed: true });
  });

  it.each<[string, number, string, boolean]>([
    ['at once', 0, 'lost assignment', false],
    ['before a heartbeat could be missed', HEARTBEAT_SECONDS - 6, 'lost assignment', false],
    ['after a heartbeat, by a clock that lags', HEARTBEAT_SECONDS - 4, 'lost heartbeat', false],
    ['in the middle of the run', ALL_SECONDS - 6, 'lost heartbeat', false],
    ['when its time had passed, by a clock that lags', ALL_SECONDS - 4, 'timeout', true],
    ['late', ALL_SECONDS + 100, 'timeout', true],
  ])('has the ECS task stopped that acknowledged, where the run failed %s', async (_, seconds, why, timedOut) => {
    const answer = await reclaim(acknowledged(seconds));

    expect(answer).toEqual({ reclaimed: false, taskArn: TASK_ARN, timedOut, why });
  });

  it('has an ECS task stopped that acknowledged, though its slot has stopped', async () => {
    const answer = await reclaim(acknowledged(70, { state: 'STOPPED' }));

    expect(answer).toMatchObject({ reclaimed: false, taskArn: TASK_ARN });
  });
});
