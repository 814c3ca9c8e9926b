import type { SlotClock } from './slot-clock.ts';

/**
 * When a manager was last seen, by the worker's own clock: whenever what managers write has changed. So neither a clock
 * that differs nor a sign that was old before the worker began can mislead it.
 */
export class ManagerSign {
  private seenAt: string | undefined;
  private changedAt: number;

  constructor(private readonly clock: SlotClock) {
    this.changedAt = clock.elapsed();
  }

  /** @param seenAt what managers have written, as it was read now */
  note(seenAt: string | undefined): void {
    if (seenAt === this.seenAt) return;
    this.seenAt = seenAt;
    this.changedAt = this.clock.elapsed();
  }

  get unseenMs(): number {
    return this.clock.elapsed() - this.changedAt;
  }
}
