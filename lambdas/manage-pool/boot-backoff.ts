import { z } from 'zod';
import type { Slot } from '../../core/slot.ts';
import { isFailedBoot } from './slot-facts.ts';

/** Milliseconds that an agent's slots are not started for after a boot has failed: the first time, and at the most. */
export const FIRST_PAUSE_MS = 30_000;
export const LONGEST_PAUSE_MS = 15 * 60_000;

/** How an agent's boots went. Times are ISO 8601. */
export const BootBackoff = z.object({
  /** Of the last pause; 0 where a boot has got warm since. */
  pauseMs: z.int().min(0),
  /** When that was noted: what was begun before says nothing new. */
  since: z.iso.datetime(),
  until: z.iso.datetime(),
});
export type BootBackoff = z.infer<typeof BootBackoff>;

export interface BackoffStep {
  readonly backoff: BootBackoff | undefined;
  /** Boots whose failure has led to a new pause. */
  readonly failures: number;
}

/**
 * A boot that failed doubles the pause, from 30 seconds to 15 minutes; slots that were begun before the pause fail
 * together, and count once. A boot that got warm since ends it.
 */
export function nextBackoff(before: BootBackoff | undefined, slots: readonly Slot[], now: Date): BackoffStep {
  const warm = latest(slots.flatMap(({ warmAt }) => (warmAt === undefined ? [] : [warmAt])));
  const isOver = before !== undefined && before.pauseMs > 0 && warm !== undefined && warm > before.since;
  const known = isOver ? { pauseMs: 0, since: warm, until: warm } : before;
  const failures = slots.filter(
    (slot) => isFailedBoot(slot, now) && (known === undefined || slot.createdAt > known.since),
  ).length;
  if (failures === 0) return { backoff: known, failures };
  const pauseMs = Math.min(Math.max((known?.pauseMs ?? 0) * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
  const until = new Date(now.getTime() + pauseMs).toISOString();
  return { backoff: { pauseMs, since: now.toISOString(), until }, failures };
}

export function isPaused(backoff: BootBackoff | undefined, now: Date): boolean {
  return backoff !== undefined && backoff.until > now.toISOString();
}

function latest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>((last, time) => (last !== undefined && last > time ? last : time), undefined);
}
