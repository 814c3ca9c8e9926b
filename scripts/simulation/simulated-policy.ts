import { AGENTS, type AgentName, type PoolBounds } from '../../core/agents.ts';
import { pricePerHour } from '../../core/fargate-price.ts';
import type { PoolDemand, PoolPolicy } from '../../core/pool-demand.ts';
import type { Trace } from './trace.ts';

/** A policy as the simulation asks it: one that runs in AWS, or one that only a simulation can have. */
export interface SimulatedPolicy {
  desired(agent: AgentName, demand: PoolDemand, bounds: PoolBounds): number;
  /** When the manager runs beside its usual triggers, in seconds after the trace's start. */
  readonly wakeUps: Iterable<number>;
}

/** A policy that runs in AWS. */
export function deployed(policy: PoolPolicy): SimulatedPolicy {
  return {
    desired: (agent, demand, bounds) => policy(demand, bounds, pricePerHour(AGENTS[agent].size)),
    wakeUps: [],
  };
}

/**
 * Knows the trace: wants a slot for each dispatch from `leadSeconds` before it arrives, and none else. What it misses are
 * boots that took longer than that.
 */
export function oracle(trace: Trace, leadSeconds: number): SimulatedPolicy {
  const futures = new Map(trace.agents.map((agent, index) => [agent, new Future(timesOf(trace, index), leadSeconds)]));
  return {
    desired: (agent, { now }) => futures.get(agent)?.arriving((now.getTime() - trace.start.getTime()) / 1000) ?? 0,
    wakeUps: trace.times.map((time) => Math.max(time - leadSeconds, 0)),
  };
}

/** The arrivals ahead; asked about times that only grow. */
class Future {
  private due = 0;
  private soon = 0;

  constructor(
    private readonly times: Float64Array,
    private readonly leadSeconds: number,
  ) {}

  arriving(now: number): number {
    this.due = this.firstAfter(now, this.due);
    // A millisecond more: `now` is a date, and those are cut to whole milliseconds.
    this.soon = this.firstAfter(now + this.leadSeconds + 0.001, this.soon);
    return this.soon - this.due;
  }

  private firstAfter(time: number, from: number): number {
    let place = from;
    while ((this.times[place] ?? Number.POSITIVE_INFINITY) <= time) place += 1;
    return place;
  }
}

function timesOf({ times, agentIndexes }: Trace, agentIndex: number): Float64Array {
  return times.filter((_, place) => agentIndexes[place] === agentIndex);
}
