import { setTimeout as delay } from 'node:timers/promises';

/** Time as a waiting worker sees it. */
export interface SlotClock {
  /** The time of day, for what others read: their clocks may differ by seconds. */
  now(): Date;
  /** Milliseconds since some moment; never set back. Durations are measured by it. */
  elapsed(): number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted. */
  sleep(ms: number, over: AbortSignal): Promise<void>;
}

export const systemClock: SlotClock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};
