import type { Slot, SlotState } from '../../core/slot.ts';
import { type BootBackoff, isPaused, nextBackoff } from './boot-backoff.ts';
import { DRAIN_REASONS, type DrainReason, hasIdled, isOrWillBeServable, isOverdueBoot } from './slot-facts.ts';

/** What a manager knows of one agent's pool. */
export interface AgentLook {
  /** The agent's slots, tombstones among them. */
  readonly slots: readonly Slot[];
  /** Slots that are to be started and may have no item yet. */
  readonly intended: number;
  /** Today's task definition; absent for an agent that has no pool. */
  readonly taskDefinitionArn: string | undefined;
  readonly desired: number;
  readonly backoff: BootBackoff | undefined;
}

export interface Drain {
  readonly slot: Slot;
  readonly from: readonly SlotState[];
  readonly reason: DrainReason;
}

/** What is to be done about one agent's pool. */
export interface AgentPlan {
  readonly bury: readonly Slot[];
  readonly drain: readonly Drain[];
  /** How many slots are to be started. */
  readonly missing: number;
  readonly backoff: BootBackoff | undefined;
  readonly failedBoots: number;
}

/** Decides, from what is known, what is to be done: desired less those that are warm or will be. Pure. */
export function planFor(look: AgentLook, now: Date): AgentPlan {
  const { slots, taskDefinitionArn, desired, intended } = look;
  const current = slots.filter((slot) => slot.taskDefinitionArn === taskDefinitionArn);
  const { backoff, failures } = nextBackoff(look.backoff, slots, now);
  const there = current.filter((slot) => isOrWillBeServable(slot, now)).length + intended;
  return {
    bury: slots.filter((slot) => isExpired(slot, now)),
    drain: [...retired(slots, taskDefinitionArn), ...overdue(current, now), ...surplus(current, desired, now)],
    missing: isPaused(backoff, now) ? 0 : Math.max(desired - there, 0),
    backoff,
    failedBoots: failures,
  };
}

/** DynamoDB's own TTL may take days, and a claim reads past tombstones. */
function isExpired({ state, expiresAt }: Slot, now: Date): boolean {
  return state === 'STOPPED' && expiresAt !== undefined && expiresAt * 1000 <= now.getTime();
}

/** Another image, size or setting is another slot, and no dispatch claims it. */
function retired(slots: readonly Slot[], taskDefinitionArn: string | undefined): Drain[] {
  const from = ['BOOTING', 'WARM'] as const;
  return slots
    .filter((slot) => slot.taskDefinitionArn !== taskDefinitionArn && from.some((state) => state === slot.state))
    .map((slot) => ({ slot, from, reason: DRAIN_REASONS.retired }));
}

function overdue(slots: readonly Slot[], now: Date): Drain[] {
  return slots
    .filter((slot) => isOverdueBoot(slot, now))
    .map((slot) => ({ slot, from: ['BOOTING'], reason: DRAIN_REASONS.bootFailed }));
}

/** As many as are too many, of those that have waited for too long, the oldest first. */
function surplus(slots: readonly Slot[], desired: number, now: Date): Drain[] {
  const warm = slots.filter((slot) => slot.state === 'WARM' && isOrWillBeServable(slot, now));
  return warm
    .filter((slot) => hasIdled(slot, now))
    .sort((one, other) => Date.parse(one.warmAt ?? '') - Date.parse(other.warmAt ?? ''))
    .slice(0, Math.max(warm.length - desired, 0))
    .map((slot) => ({ slot, from: ['WARM'], reason: DRAIN_REASONS.surplus }));
}
