import type { Schedule } from './schedule.ts';

/** As long as a timer of Node can be. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** Fires what is due, while this process runs: what fell into the time before is not made up for, as in EventBridge. */
export class Schedules {
  private readonly timers = new Set<NodeJS.Timeout>();

  /** @param fire is told the time for which it fires, in milliseconds since the epoch */
  start(schedule: Schedule, fire: (time: number) => void, from = Date.now()): void {
    const due = schedule(from);
    if (due !== Number.POSITIVE_INFINITY)
      this.wait(due, () => {
        fire(due);
        this.start(schedule, fire, due);
      });
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private wait(until: number, then: () => void): void {
    const left = until - Date.now();
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        if (left > LONGEST_WAIT) this.wait(until, then);
        else then();
      },
      Math.min(left, LONGEST_WAIT),
    );
    this.timers.add(timer);
  }
}
