/** Time as the engine knows it, so that tests and replays can make it pass at once. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after the time has passed, or at once when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls back after the time has passed, unless the signal is aborted before. */
  deadline(milliseconds: number, signal: AbortSignal, expired: () => void): void;
}

/** Longer than this, Node's timers fire at once. */
const LONGEST_TIMER = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    const end = Date.now() + milliseconds;
    for (let left = milliseconds; left > 0 && !signal.aborted; left = end - Date.now()) {
      await timer(Math.min(left, LONGEST_TIMER), signal);
    }
  },
  deadline(milliseconds, signal, expired) {
    void systemClock.sleep(milliseconds, signal).then(() => {
      if (!signal.aborted) expired();
    });
  },
};

function timer(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timeout);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timeout = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
