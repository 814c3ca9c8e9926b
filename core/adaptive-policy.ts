import type { PoolDemand, PoolPolicy } from './pool-demand.ts';

/** USD that an hour of waiting for an agent's start is worth to whoever waits, unless said otherwise. */
export const WAIT_PRICE = 4;

/** Minutes that the rate of arrivals is taken from, and how many minutes the usual rate counts for beside them. */
const RATE_MINUTES = 10;
const USUAL_MINUTES = 10;

/** As many slots as make waiting and idling cost the least together, for the arrivals of late and a wait of USD 4 an hour. */
export const adaptive: PoolPolicy = adaptiveFor(WAIT_PRICE);

/** @param waitPrice USD that an hour of waiting is worth; the higher, the more slots are kept */
export function adaptiveFor(waitPrice: number): PoolPolicy {
  return (demand, { min, max }, slotPrice) => {
    const worthIt = slotPrice / (slotPrice + waitPrice);
    return Math.min(Math.max(cheapestStock(load(demand), worthIt, max), min), max);
  };
}

/** Dispatches that arrive while one slot boots: the slots that are on order at a time, in queueing terms the load. */
function load(demand: PoolDemand): number {
  const arriving = (arrivalsPerMinute(demand) * demand.bootSeconds) / 60;
  return Math.max(arriving, burst(demand.waiting));
}

/** The last minutes' rate, drawn towards the usual one, as far as that is known, or else towards the last hour's. */
function arrivalsPerMinute({ now, arrivalsPerMinute: counts, usualArrivalsPerMinute }: PoolDemand): number {
  const minuteSoFar = now.getUTCSeconds() / 60;
  const lastHour = sum(counts) / Math.max(counts.length - 1 + minuteSoFar, 1);
  const usual = usualArrivalsPerMinute ?? lastHour;
  const minutes = RATE_MINUTES - 1 + minuteSoFar;
  return (sum(counts.slice(-RATE_MINUTES)) + usual * USUAL_MINUTES) / (minutes + USUAL_MINUTES);
}

/**
 * What waits has arrived within one boot time. In a burst as many are still to come, so it counts twice; less two
 * deviations, because a few that wait are chance.
 */
function burst(waiting: number): number {
  return Math.max(2 * waiting - 2 * Math.sqrt(waiting), 0);
}

/**
 * The stock at which one more slot would be idle too much for the waiting that it spares.
 *
 * A pool that starts a slot for each one claimed, and sends whoever finds none on a cold start, is a loss system: of
 * `stock` slots, those that boot are busy and those that are warm are free. So Erlang's formula B gives the share that
 * finds none, whatever the boot times' distribution. One more slot is worth it as long as the share of its time that it
 * spends booting for somebody, load × (B(n) − B(n+1)), is above its price over its price and that of waiting together
 * (Moe's principle).
 */
function cheapestStock(load: number, worthIt: number, most: number): number {
  let missed = 1;
  for (let stock = 0; stock < most; stock++) {
    const missedWithOneMore = (load * missed) / (stock + 1 + load * missed);
    const isWorthIt = load * (missed - missedWithOneMore) > worthIt;
    if (!isWorthIt) return stock;
    missed = missedWithOneMore;
  }
  return most;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
