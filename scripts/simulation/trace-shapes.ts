import type { AgentName } from '../../core/agents.ts';
import { type Random, random } from './random.ts';
import { DAY_SECONDS, HISTORY_HOURS, HOUR_SECONDS, type Trace, TraceBuilder } from './trace.ts';

export const TRACE_SHAPES = ['poisson', 'workday', 'bursts'] as const;
export type TraceShape = (typeof TRACE_SHAPES)[number];

export interface ShapedTrace {
  readonly shape: TraceShape;
  /** Dispatches a day. */
  readonly daily: number;
  /** `workday`: how many run at once at its busiest. `bursts`: how many arrive in one. */
  readonly peak?: number;
  /** `bursts`: seconds in which a burst arrives; 60 unless said otherwise. */
  readonly burstSeconds?: number;
  /** Agents and their share of the dispatches; the shares need not sum to 1. */
  readonly agents: ReadonlyMap<AgentName, number>;
  readonly seed: number;
}

/** A trace that cannot be made as it was asked for. */
export class ImpossibleTrace extends Error {
  override readonly name = 'ImpossibleTrace';
}

/** How long a dispatch runs, in seconds: the median, and the deviation of its logarithm. The mean is 600 s. */
export const RUN = { mean: 600, spread: 0.8 } as const;
export const RUN_MEDIAN = RUN.mean * Math.exp(-(RUN.spread ** 2) / 2);
/** A Monday. */
const START = new Date('2026-01-05T00:00:00Z');
/** The share of a day's dispatches that come in bursts. */
const BURST_SHARE = 0.5;
const MINUTES = 1_440;

/** One day of exactly `daily` dispatches, after two such days a week and two weeks before. */
export function shapedTrace(asked: ShapedTrace): Trace {
  const agents = [...asked.agents.keys()];
  const pickAgent = agentPicker([...asked.agents.values()]);
  const day = (stream: number, arrive: (time: number, agentIndex: number, chance: Random) => void): void => {
    const chance = random(asked.seed, stream);
    for (const time of arrivalTimes(asked, chance)) arrive(time, pickAgent(chance), chance);
  };

  const builder = new TraceBuilder();
  day(0, (time, agentIndex, chance) => {
    builder.add({ time, agentIndex, runSeconds: chance.aroundMedian(RUN_MEDIAN, RUN.spread) });
  });
  const earlier = agents.map(() => new Uint32Array(HISTORY_HOURS));
  for (const week of [1, 2]) {
    const firstHour = HISTORY_HOURS - week * 7 * 24;
    day(week, (time, agentIndex) => {
      const hours = earlier[agentIndex];
      const hour = firstHour + Math.floor(time / HOUR_SECONDS);
      if (hours) hours[hour] = (hours[hour] ?? 0) + 1;
    });
  }
  return { start: START, seconds: DAY_SECONDS, agents, ...builder.sorted(), earlier };
}

/** Picks one of as many agents as there are shares, as often as its share says. */
export function agentPicker(shares: readonly number[]): (chance: Random) => number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return (chance) => {
    let left = chance.uniform() * total;
    const index = shares.findIndex((share) => {
      left -= share;
      return left < 0;
    });
    return Math.max(index, 0);
  };
}

function arrivalTimes(asked: ShapedTrace, chance: Random): number[] {
  switch (asked.shape) {
    case 'poisson':
      return scattered(asked.daily, chance);
    case 'workday':
      return alongWorkday(asked, chance);
    case 'bursts':
      return withBursts(asked, chance);
  }
}

/** Given their number, the arrivals of a Poisson process lie anywhere. */
function scattered(count: number, chance: Random): number[] {
  return Array.from({ length: count }, () => chance.uniform() * DAY_SECONDS);
}

/** Two humps, at half past ten and at three in the afternoon, on a level floor. */
function alongWorkday({ daily, peak }: ShapedTrace, chance: Random): number[] {
  const humps = Array.from({ length: MINUTES }, (_, minute) => humpsAt(minute / 60));
  const mean = humps.reduce((sum, hump) => sum + hump, 0) / MINUTES;
  const steepest = Math.max(...humps) / mean;
  const atOnceOnAverage = (daily * RUN.mean) / DAY_SECONDS;
  const asked = peak === undefined ? 0.8 * steepest : peak / atOnceOnAverage;
  if (asked < 1 || asked > steepest) {
    const [least, most] = [Math.ceil(atOnceOnAverage), Math.max(Math.floor(steepest * atOnceOnAverage), 1)];
    throw new ImpossibleTrace(
      `A working day of ${daily} dispatches, 10 minutes each, peaks at ${least} to ${most} that run at once, not at ${peak}.`,
    );
  }
  const share = (asked - 1) / (steepest - 1);
  const upTo: number[] = [];
  let sum = 0;
  for (const hump of humps) {
    sum += (1 - share + (share * hump) / mean) / MINUTES;
    upTo.push(sum);
  }
  return Array.from({ length: daily }, () => {
    const place = chance.uniform() * sum;
    return (firstAbove(upTo, place) + chance.uniform()) * 60;
  });
}

function humpsAt(hour: number): number {
  return Math.exp(-(((hour - 10.5) / 1.5) ** 2)) + Math.exp(-(((hour - 15) / 1.8) ** 2));
}

function firstAbove(rising: readonly number[], value: number): number {
  let [low, high] = [0, rising.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Half of the dispatches anywhere, the others in bursts that begin anywhere. */
function withBursts({ daily, peak = 50, burstSeconds = 60 }: ShapedTrace, chance: Random): number[] {
  if (peak > BURST_SHARE * daily) {
    throw new ImpossibleTrace(
      `Half of ${daily} dispatches come in bursts: a burst is ${Math.floor(BURST_SHARE * daily)} at most, not ${peak}.`,
    );
  }
  const bursts = Math.floor((BURST_SHARE * daily) / peak);
  const inBursts = Array.from({ length: bursts }, () => {
    const from = chance.uniform() * (DAY_SECONDS - burstSeconds);
    return Array.from({ length: peak }, () => from + chance.uniform() * burstSeconds);
  });
  return [...scattered(daily - bursts * peak, chance), ...inBursts.flat()];
}
