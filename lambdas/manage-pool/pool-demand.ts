import type { AgentName } from '../../core/agents.ts';
import type { PoolDemand } from '../../core/pool-demand.ts';
import type { Slot } from '../../core/slot.ts';
import type { DemandCounters, MinuteCounts } from './demand-counters.ts';

export interface DemandSources {
  readonly counters: Pick<DemandCounters, 'of'>;
  /** When the first manager ran, ISO 8601: there are no counts of before. */
  readonly since: string | undefined;
  readonly now: Date;
}

const RECENT_MINUTES = 60;
const MISS_MINUTES = 5;
/** Boots of late that the boot time is the median of, and seconds that one takes as long as none is known. */
const BOOTS = 15;
const USUAL_BOOT_SECONDS = 45;

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** What is known of the demand for one agent's slots: from its counters, and from its slots how long a boot takes. */
export async function poolDemand(
  { counters, since, now }: DemandSources,
  agent: AgentName,
  slots: readonly Slot[],
  waiting: number,
): Promise<PoolDemand> {
  const [recent, ...usual] = await Promise.all([
    counters.of(agent, now, RECENT_MINUTES),
    ...sameHours(now, since).map((lastMinute) => counters.of(agent, lastMinute, 60)),
  ]);
  const ofLate = total(recent.slice(-MISS_MINUTES));
  return {
    now,
    ...ofLate,
    waiting,
    arrivalsPerMinute: recent.map(arrivals),
    ...(usual.length > 0 ? { usualArrivalsPerMinute: mean(usual.flat().map(arrivals)) } : {}),
    bootSeconds: bootSeconds(slots),
  };
}

/** The last minute of this hour one week and two weeks ago, as far as a manager has counted all of it. */
function sameHours(now: Date, since: string | undefined): Date[] {
  if (since === undefined) return [];
  const hour = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  return [hour - WEEK_MS, hour - 2 * WEEK_MS]
    .filter((start) => start >= Date.parse(since))
    .map((start) => new Date(start + HOUR_MS - 60_000));
}

function bootSeconds(slots: readonly Slot[]): number {
  const boots = slots
    .flatMap(({ createdAt, warmAt }) => (warmAt === undefined ? [] : [Date.parse(warmAt) - Date.parse(createdAt)]))
    .slice(-BOOTS)
    .sort((a, b) => a - b);
  const median = boots[boots.length >> 1];
  // The two times are by two clocks.
  return median === undefined ? USUAL_BOOT_SECONDS : Math.max(median, 0) / 1000;
}

function total(minutes: readonly MinuteCounts[]): MinuteCounts {
  return {
    claims: minutes.reduce((sum, { claims }) => sum + claims, 0),
    misses: minutes.reduce((sum, { misses }) => sum + misses, 0),
  };
}

function arrivals({ claims, misses }: MinuteCounts): number {
  return claims + misses;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
