import type { PoolBounds } from './agents.ts';

/** What is known of the demand for one agent's slots when the manager looks. */
export interface PoolDemand {
  readonly now: Date;
  /** Dispatches of the last 5 minutes that claimed a slot, and that found none. */
  readonly claims: number;
  readonly misses: number;
  /** Dispatches of this agent that wait for an ECS task right now. */
  readonly waiting: number;
  /** Dispatches that arrived in each of the last 60 minutes, the newest last: that is the minute of `now`, so far. */
  readonly arrivalsPerMinute: readonly number[];
  /** Mean arrivals per minute in this hour of the week, of the weeks before; absent while nothing is known. */
  readonly usualArrivalsPerMinute?: number;
  /** Seconds from the intent to WARM, of the boots of late. */
  readonly bootSeconds: number;
}

/**
 * How many slots of one agent should be warm or booting: a whole number within its bounds.
 * @param slotPrice USD that a slot of this agent costs in an hour (`pricePerHour` of its size)
 */
export type PoolPolicy = (demand: PoolDemand, bounds: PoolBounds, slotPrice: number) => number;
