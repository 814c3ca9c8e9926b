/** What happened in one stretch of the simulated time, for the chart. */
export interface Stretch {
  hits: number;
  misses: number;
  /** Slot-seconds. */
  warm: number;
  booting: number;
}

/** What one agent's pool came to. */
export class AgentRecord {
  hits = 0;
  misses = 0;
  slotsStarted = 0;
  /** Slot-seconds WARM, and slot-seconds that boots took whose slot was drained without a dispatch. */
  warmSeconds = 0;
  wastedBootSeconds = 0;
  /** Seconds from a dispatch's arrival to its agent's start, in the order of arrival. */
  readonly waits: number[] = [];
  readonly stretches: readonly Stretch[];
  private readonly stretchSeconds: number;

  constructor(seconds: number, stretches: number) {
    this.stretchSeconds = seconds / stretches;
    this.stretches = Array.from({ length: stretches }, () => ({ hits: 0, misses: 0, warm: 0, booting: 0 }));
  }

  hit(now: number, wait: number): void {
    this.hits += 1;
    this.waits.push(wait);
    this.stretchAt(now).hits += 1;
  }

  missed(now: number, wait: number): void {
    this.misses += 1;
    this.waits.push(wait);
    this.stretchAt(now).misses += 1;
  }

  /** A slot that booted, and waited until it was claimed, or until the simulation ended. */
  waited(intendedAt: number, warmAt: number, until: number): void {
    this.booted(intendedAt, warmAt);
    this.warmSeconds += until - warmAt;
    this.spread('warm', warmAt, until);
  }

  /** A slot that booted and waited for nothing. */
  drained(intendedAt: number, warmAt: number, drainedAt: number): void {
    this.waited(intendedAt, warmAt, drainedAt);
    this.wastedBootSeconds += warmAt - intendedAt;
  }

  /** A slot that booted, or boots still when the simulation ends. */
  booted(intendedAt: number, until: number): void {
    this.slotsStarted += 1;
    this.spread('booting', intendedAt, until);
  }

  private stretchAt(time: number): Stretch {
    const place = Math.min(Math.floor(time / this.stretchSeconds), this.stretches.length - 1);
    return this.stretches[place] ?? { hits: 0, misses: 0, warm: 0, booting: 0 };
  }

  private spread(what: 'warm' | 'booting', from: number, until: number): void {
    for (let time = from; time < until; ) {
      const next = Math.min((Math.floor(time / this.stretchSeconds) + 1) * this.stretchSeconds, until);
      this.stretchAt(time)[what] += next - time;
      // A boundary that rounding puts at `time` itself would hold the loop for ever.
      time = Math.max(next, time + 1e-6);
    }
  }
}
