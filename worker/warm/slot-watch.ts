import { wordsOf } from '../error-words.ts';
import { drain, slotRef } from './drain-slot.ts';
import type { ManagerSign } from './manager-sign.ts';
import { type Assignment, type Verdict, verdictOn } from './slot-verdict.ts';
import type { SlotWork } from './slot-work.ts';

/** What a look at the slot came to: an assignment, the end of the wait, or neither. */
export type Look = Assignment | 'over' | undefined;

/** Looks at the worker's own slot, and acts on it. Knows since when it has seen what, by the worker's clock. */
export class SlotWatch {
  private readonly warmAt: number;
  /** Slots that began to wait together must not all end together. */
  private readonly lifeMs: number;
  private claimedAt: number | undefined;
  /** When the slot was last read. */
  private readAt: number;
  private failing = false;

  constructor(
    private readonly work: SlotWork,
    private readonly taskArn: string,
    private readonly manager: ManagerSign,
  ) {
    this.warmAt = work.clock.elapsed();
    this.readAt = this.warmAt;
    this.lifeMs = work.times.lifeMs * (1 + Math.random() / 10);
  }

  /**
   * What fails here is nothing at the next look; it says so once, and not four times a second. Who cannot read its slot for
   * as long as a manager may be gone is of no use to anybody.
   */
  async look(): Promise<Look> {
    try {
      const look = await this.actOn(await this.read());
      this.failing = false;
      return look;
    } catch (error) {
      if (!this.failing) this.work.log.say(`The slot cannot be reached, which is tried again: ${wordsOf(error)}`);
      this.failing = true;
      if (!this.isCutOff) return undefined;
      this.work.log.say('The slot could not be reached for too long.');
      return 'over';
    }
  }

  private get isCutOff(): boolean {
    const { clock, times } = this.work;
    return clock.elapsed() - this.readAt >= times.managerGoneMs;
  }

  private async read(): Promise<Verdict> {
    const { pool, clock, times } = this.work;
    const slot = await pool.get(slotRef(this.work));
    const now = clock.elapsed();
    this.readAt = now;
    this.claimedAt = slot?.state === 'CLAIMED' ? (this.claimedAt ?? now) : undefined;
    const waited = {
      warmMs: now - this.warmAt,
      claimedMs: now - (this.claimedAt ?? now),
      managerUnseenMs: this.manager.unseenMs,
    };
    return verdictOn(slot, this.taskArn, waited, { ...times, lifeMs: this.lifeMs });
  }

  private async actOn(verdict: Verdict): Promise<Look> {
    switch (verdict.act) {
      case 'wait':
        return undefined;
      case 'serve':
        return verdict.assignment;
      case 'drain':
        return (await drain(this.work, [verdict.from], verdict.reason)) ? 'over' : undefined;
      case 'leave':
        this.work.log.say(verdict.reason);
        return 'over';
    }
  }
}
