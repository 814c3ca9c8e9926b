import type { Schedule } from './schedule.ts';

/** As long as a timer of Node can be. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** Fires what is due, while this process runs: what fell into the time before is not made up for, as in EventBridge. */
export class Schedules {
  private readonly timers = new Set<NodeJS.Timeout>();

  /**
   * @param fire is told the time for which it fires, in milliseconds since the epoch
   * @param atOnce whether it fires right now as well: a rate counts from the moment it begins
   */
  start(schedule: Schedule, fire: (time: number) => void, atOnce = false): void {
    if (atOnce) fire(Date.now());
    this.startAfter(Date.now(), schedule, fire);
  }

  private startAfter(time: number, schedule: Schedule, fire: (time: number) => void): void {
    const due = schedule(time);
    if (due !== Number.POSITIVE_INFINITY)
      this.wait(due, () => {
        fire(due);
        this.startAfter(due, schedule, fire);
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
