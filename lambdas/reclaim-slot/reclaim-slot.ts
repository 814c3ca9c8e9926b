import { attemptName } from '../../core/ids.ts';
import type { Slot } from '../../core/slot.ts';
import { HEARTBEAT_SECONDS } from '../../core/slot-times.ts';
import { RUN_MARGIN_SECONDS } from '../../core/time-limits.ts';
import type { ReclaimedSlot, ReclaimSlotEvent } from '../../core/workflow.ts';
import type { PoolStore } from '../shared/pool-store.ts';

export interface ReclaimCollaborators {
  readonly pool: Pick<PoolStore, 'reclaim' | 'get'>;
  readonly now: () => Date;
}

/** Seconds by which this clock and the one that noted the assignment may differ. */
const CLOCK_SECONDS = 5;

/**
 * Takes a slot back after its run has failed. `reclaimed`: no worker has acknowledged the dispatch, and none will, so it
 * may run elsewhere. Otherwise one has: its ECS task is to be stopped first.
 */
export async function reclaimSlot(
  { pool, now }: ReclaimCollaborators,
  event: ReclaimSlotEvent,
): Promise<ReclaimedSlot> {
  const ref = { agentType: event.agent, slotId: event.slotId };
  const claimedBy = attemptName(event);
  const at = now();
  if (await pool.reclaim(ref, claimedBy, at.toISOString())) return { reclaimed: true };
  const slot = await pool.get(ref);
  if (slot?.claimedBy !== claimedBy || slot.ackedBy === undefined) return { reclaimed: true };
  const why = whyItFailed(slot, at, event.timeoutSeconds);
  return { reclaimed: false, taskArn: slot.ackedBy, timedOut: why === 'timeout', why };
}

/** By the time that has passed: Step Functions may call a lost heartbeat and a time-out by the same name. */
function whyItFailed({ assignedAt }: Slot, now: Date, timeoutSeconds: number): string {
  const seconds = assignedAt === undefined ? 0 : (now.getTime() - Date.parse(assignedAt)) / 1000 + CLOCK_SECONDS;
  if (seconds >= timeoutSeconds + RUN_MARGIN_SECONDS) return 'timeout';
  return seconds >= HEARTBEAT_SECONDS ? 'lost heartbeat' : 'lost assignment';
}
