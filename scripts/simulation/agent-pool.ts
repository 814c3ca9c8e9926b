import type { AgentName, PoolBounds } from '../../core/agents.ts';
import { SLOT_LIFE_MS, SURPLUS_IDLE_MS } from '../../core/slot-times.ts';
import type { DemandRecord } from './demand-record.ts';
import type { Random } from './random.ts';
import type { AgentRecord } from './simulation-record.ts';

const SURPLUS_IDLE = SURPLUS_IDLE_MS / 1000;
const SLOT_LIFE = SLOT_LIFE_MS / 1000;

/** How long the boot of an ECS task takes, in seconds: the median, and the deviation of its logarithm. */
export interface BootTimes {
  readonly median: number;
  readonly spread: number;
}

export interface SimulatedSlot {
  readonly intendedAt: number;
  readonly warmAt: number;
  readonly endOfLife: number;
  /** Its place among the warm; -1 while it boots, and after it left. */
  place: number;
}

export interface AgentPoolParts {
  readonly agent: AgentName;
  readonly bounds: PoolBounds;
  readonly bootTimes: BootTimes;
  readonly demand: DemandRecord;
  readonly record: AgentRecord;
  readonly bootChance: Random;
  readonly claimChance: Random;
}

/** The slots of one agent: what boots, what is warm, and the rules of the manager for them. */
export class AgentPool {
  /** In the order they became warm, but for those that took the place of one that left. */
  private readonly warm: SimulatedSlot[] = [];
  private booting = 0;

  constructor(private readonly parts: AgentPoolParts) {}

  get agent(): AgentName {
    return this.parts.agent;
  }

  get bounds(): PoolBounds {
    return this.parts.bounds;
  }

  get demand(): DemandRecord {
    return this.parts.demand;
  }

  get record(): AgentRecord {
    return this.parts.record;
  }

  /** Seconds that the next ECS task of this agent takes to boot, warm slot or cold run. */
  bootSeconds(): number {
    return this.parts.bootChance.aroundMedian(this.parts.bootTimes.median, this.parts.bootTimes.spread);
  }

  /** Takes one of the warm slots, at random, as a claim does. Returns `false` where there is none. */
  claim(now: number): boolean {
    const slot = this.warm[this.parts.claimChance.index(this.warm.length)];
    if (!slot) return false;
    this.remove(slot);
    this.record.waited(slot.intendedAt, slot.warmAt, now);
    return true;
  }

  /** Begins as many boots as are missing. */
  start(desired: number, now: number): SimulatedSlot[] {
    const missing = Math.max(desired - this.warm.length - this.booting, 0);
    this.booting += missing;
    return Array.from({ length: missing }, () => {
      const warmAt = now + this.bootSeconds();
      const life = SLOT_LIFE * (1 + 0.1 * this.parts.bootChance.uniform());
      return { intendedAt: now, warmAt, endOfLife: warmAt + life, place: -1 };
    });
  }

  becameWarm(slot: SimulatedSlot): void {
    this.booting -= 1;
    slot.place = this.warm.push(slot) - 1;
    this.demand.booted(slot.warmAt - slot.intendedAt);
  }

  /** Drains the surplus that has waited for too long, the oldest first. */
  drainSurplus(desired: number, now: number): void {
    const surplus = this.warm.length - desired;
    if (surplus <= 0) return;
    const idle = this.warm.filter(({ warmAt }) => now - warmAt > SURPLUS_IDLE).sort((a, b) => a.warmAt - b.warmAt);
    for (const slot of idle.slice(0, surplus)) this.drain(slot, now);
  }

  /** A slot whose life is over drains itself, if it still waits. */
  outlived(slot: SimulatedSlot, now: number): void {
    if (slot.place >= 0) this.drain(slot, now);
  }

  /** Accounts for the slots that are there when the simulation ends. */
  finish(now: number, bootingSince: readonly number[]): void {
    for (const slot of [...this.warm]) this.record.waited(slot.intendedAt, slot.warmAt, now);
    for (const since of bootingSince) this.record.booted(since, now);
  }

  private drain(slot: SimulatedSlot, now: number): void {
    this.remove(slot);
    this.record.drained(slot.intendedAt, slot.warmAt, now);
  }

  private remove(slot: SimulatedSlot): void {
    const last = this.warm.pop();
    if (last && last !== slot) {
      this.warm[slot.place] = last;
      last.place = slot.place;
    }
    slot.place = -1;
  }
}
