import { RUN_MARGIN_SECONDS, TIMEOUT_SECONDS } from './time-limits.ts';

/** Milliseconds between a waiting worker's looks at its own slot. */
export const POLL_MS = 250;
/** Milliseconds between a waiting worker's notes that it is there. */
export const SEEN_EVERY_MS = 10_000;
/** A slot that was not seen for so many milliseconds is not servable. */
export const SERVABLE_MS = 30_000;
/** Warm slots that one claim tries at the most. */
export const CLAIM_TRIES = 3;
/** A slot that was claimed and not assigned for so many milliseconds drains itself. */
export const UNASSIGNED_MS = 60_000;

/** Milliseconds between the heartbeats of a worker that runs a dispatch on a slot. */
export const HEARTBEAT_EVERY_MS = 15_000;
/** Seconds without a heartbeat after which the state machine takes the worker for lost. */
export const HEARTBEAT_SECONDS = 60;

/** A waiting slot drains itself after so many milliseconds, and up to a tenth more, so that not all do at once. */
export const SLOT_LIFE_MS = 12 * 3_600_000;
/** A waiting slot drains itself when no manager has been seen for so many milliseconds. */
export const MANAGER_GONE_MS = 600_000;
/** A surplus slot that has waited for so many milliseconds is drained by the manager. */
export const SURPLUS_IDLE_MS = 300_000;
/** Milliseconds from the intent to WARM, after which a boot has failed. */
export const BOOT_MS = 600_000;
/** A tombstone is kept for so many milliseconds: long enough for late answers, short enough for claims to read past. */
export const TOMBSTONE_MS = 900_000;

/** Seconds that a slot's ECS task may take in all: it waits its life long, and then runs the longest dispatch. */
export const SLOT_SECONDS =
  Math.round((BOOT_MS + 1.1 * SLOT_LIFE_MS) / 1000) + TIMEOUT_SECONDS.max + RUN_MARGIN_SECONDS;
