import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that a worker asks for what it cannot begin without: to give up costs its dispatch a boot. */
export const PATIENCE_MS = 60_000;

const PAUSE_MS = 500;

export interface Patience {
  /** Milliseconds after whose end it is not asked again. */
  readonly forMs: number;
  readonly stop?: AbortSignal;
}

/** Asks until there is an answer, the time is over, or the worker is to stop; then the last error is thrown. */
export async function patiently<T>(ask: () => Promise<T>, { forMs, stop }: Patience): Promise<T> {
  const begun = performance.now();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (stop?.aborted || performance.now() - begun >= forMs) throw error;
      await delay(PAUSE_MS);
    }
  }
}
