import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../local/stepfunctions/engine/clock.ts';
import type { SlotClock } from '../../../worker/warm/slot-clock.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Turns of the event loop without work, after which nothing more is to be expected at this moment. */
const CALM_TURNS = 6;
/** Simulated milliseconds between two looks at a condition, which may cost requests. */
const LOOK_MS = 2_000;
/** Real milliseconds after which whatever keeps time from passing has hung. */
const HUNG_MS = 30_000;

/** Time that passes at once where nothing happens, and stands still while something real is at work. */
export class VirtualClock implements Clock {
  #now = Date.now();
  #timers: Timer[] = [];
  readonly #work = new Set<string>();
  #idle: (() => void) | undefined;

  /** Bound, because the engine takes it off the clock. */
  readonly now = (): number => this.#now;

  date(skewMs = 0): Date {
    return new Date(this.#now + skewMs);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const over = () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        signal?.removeEventListener('abort', over);
        resolve();
      };
      const timer = this.#set(milliseconds, over);
      signal?.addEventListener('abort', over);
    });
  }

  deadline(milliseconds: number, signal: AbortSignal, expired: () => void): void {
    void this.sleep(milliseconds, signal).then(() => {
      if (!signal.aborted) expired();
    });
  }

  /** The clock of a machine that is so many milliseconds ahead. */
  ofMachine(skewMs: number): SlotClock {
    return {
      now: () => this.date(skewMs),
      elapsed: () => this.#now,
      sleep: (milliseconds, over) => this.sleep(milliseconds, over),
    };
  }

  /** Time stands still until the answer is called. */
  hold(what: string): () => void {
    const work = `${what} #${Math.random()}`;
    this.#work.add(work);
    return () => {
      this.#work.delete(work);
      if (this.#work.size === 0) this.#idle?.();
    };
  }

  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const release = this.hold(what);
    try {
      return await work;
    } finally {
      release();
    }
  }

  /** Waits for a condition while somebody else lets time pass. */
  async whenever(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await this.sleep(500);
  }

  /**
   * Lets time pass until the condition holds, which is looked at every two seconds of simulated time at the most.
   * @throws Error where it does not within so many milliseconds
   */
  async until(condition: () => boolean | Promise<boolean>, milliseconds: number, what: string): Promise<void> {
    const end = this.#now + milliseconds;
    for (let looked = 0; ; ) {
      await this.#calm();
      if (this.#now - looked >= LOOK_MS && (await condition())) return;
      if (this.#now - looked >= LOOK_MS) looked = this.#now;
      const next = this.#next();
      if (!next || next.at > end) throw new Error(`In ${milliseconds / 1000} s of simulated time, not: ${what}.`);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
  }

  #set(milliseconds: number, fire: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, milliseconds), fire };
    this.#timers.push(timer);
    return timer;
  }

  /** Of those at the same time, the one that was set first. */
  #next(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first && first.at <= timer.at ? first : timer),
      undefined,
    );
  }

  async #calm(): Promise<void> {
    for (let turns = 0; turns < CALM_TURNS; turns++) {
      await turn();
      if (this.#work.size === 0) continue;
      await this.#untilIdle();
      turns = 0;
    }
  }

  #untilIdle(): Promise<void> {
    return new Promise((resolve, reject) => {
      const hung = setTimeout(() => reject(new Error(`Still at work: ${[...this.#work].join(', ')}.`)), HUNG_MS);
      this.#idle = () => {
        clearTimeout(hung);
        this.#idle = undefined;
        resolve();
      };
    });
  }
}
