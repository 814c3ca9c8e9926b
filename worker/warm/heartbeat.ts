import { wordsOf } from '../error-words.ts';
import type { SlotWork } from './slot-work.ts';

/**
 * Tells the execution behind a task token, again and again, that the worker is alive. A heartbeat that fails is tried
 * again; one that is refused is the last.
 */
export class Heartbeat {
  /** Resolves once the first one is answered, or failed. */
  readonly begun: Promise<void>;
  private readonly refusal = new AbortController();
  private readonly over = new AbortController();

  constructor(
    private readonly work: Pick<SlotWork, 'callback' | 'clock' | 'times' | 'log'>,
    private readonly taskToken: string,
  ) {
    const first = this.beat();
    this.begun = first.then(() => undefined);
    void this.goOn(first);
  }

  /** Aborts when nobody waits for this worker any more. */
  get refused(): AbortSignal {
    return this.refusal.signal;
  }

  end(): void {
    this.over.abort();
  }

  /** @returns milliseconds until the next one */
  private async beat(): Promise<number> {
    const { callback, clock, times, log } = this.work;
    const begun = clock.elapsed();
    try {
      if (!(await callback.heartbeat(this.taskToken))) this.refusal.abort();
      return Math.max(0, begun + times.heartbeatEveryMs - clock.elapsed());
    } catch (error) {
      log.say(`A heartbeat failed and is tried again: ${wordsOf(error)}`);
      return times.retryMs;
    }
  }

  private async goOn(first: Promise<number>): Promise<void> {
    const done = AbortSignal.any([this.over.signal, this.refusal.signal]);
    for (let beat = first; ; beat = this.beat()) {
      await this.work.clock.sleep(await beat, done);
      if (done.aborted) return;
    }
  }
}
