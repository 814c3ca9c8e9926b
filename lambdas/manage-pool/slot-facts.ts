import type { Slot } from '../../core/slot.ts';
import { BOOT_MS, SERVABLE_MS, SURPLUS_IDLE_MS, UNASSIGNED_MS } from '../../core/slot-times.ts';
import { msSince } from '../shared/ms-since.ts';

/** Why the manager drains a slot: `drainReason` of the slot. */
export const DRAIN_REASONS = {
  retired: 'not what is deployed any more',
  surplus: 'surplus',
  bootFailed: 'not warm in time',
  unseen: 'not seen any more',
  unserved: 'claimed and not served',
} as const;
export type DrainReason = (typeof DRAIN_REASONS)[keyof typeof DRAIN_REASONS];

/** A WARM slot that was not seen for so many milliseconds is taken for lost. */
const UNSEEN_MS = 2 * SERVABLE_MS;
/** A claimed slot is to be assigned, and an assigned one acknowledged, within so many milliseconds: twice what they take. */
const UNSERVED_MS = 2 * UNASSIGNED_MS;

/** Whether it boots, or waits and was seen just now: what counts towards the desired number. */
export function isOrWillBeServable(slot: Slot, now: Date): boolean {
  if (slot.state === 'BOOTING') return !isOverdueBoot(slot, now);
  return slot.state === 'WARM' && msSince(slot.seenAt, now) <= SERVABLE_MS;
}

export function isOverdueBoot({ state, createdAt }: Slot, now: Date): boolean {
  return state === 'BOOTING' && msSince(createdAt, now) > BOOT_MS;
}

/** Whether it came to its end without having been WARM, and not because the manager wanted it no more. */
export function isFailedBoot(slot: Slot, now: Date): boolean {
  if (slot.warmAt !== undefined) return false;
  if (isOverdueBoot(slot, now)) return true;
  const isOver = slot.state === 'DRAINING' || slot.state === 'STOPPED';
  return isOver && slot.drainReason !== DRAIN_REASONS.retired;
}

/** Whether it has waited for longer than a surplus may. */
export function hasIdled({ state, warmAt }: Slot, now: Date): boolean {
  return state === 'WARM' && msSince(warmAt, now) > SURPLUS_IDLE_MS;
}

/** Why a slot whose ECS task lives is to be drained all the same: whoever should have moved it on has not. */
export function whyStuck(slot: Slot, now: Date): DrainReason | undefined {
  if (slot.state === 'WARM') return msSince(slot.seenAt, now) > UNSEEN_MS ? DRAIN_REASONS.unseen : undefined;
  const since = { CLAIMED: slot.claimedAt, ASSIGNED: slot.assignedAt }[slot.state as 'CLAIMED' | 'ASSIGNED'];
  return msSince(since, now) > UNSERVED_MS ? DRAIN_REASONS.unserved : undefined;
}
