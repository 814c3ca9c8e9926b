import type { AgentName } from '../../core/agents.ts';

export const HOUR_SECONDS = 3_600;
export const DAY_SECONDS = 24 * HOUR_SECONDS;
/** How far back the demand of the weeks before goes. */
export const HISTORY_HOURS = 14 * 24;

/** Dispatches as they arrive, soonest first. Three columns, so that millions of them fit into memory. */
export interface Trace {
  /** A full hour. */
  readonly start: Date;
  /** How long the trace is, in seconds. */
  readonly seconds: number;
  readonly agents: readonly AgentName[];
  /** When each arrives, in seconds after `start`. */
  readonly times: Float64Array;
  /** Which of `agents` each is for. */
  readonly agentIndexes: Uint8Array;
  /** How long each runs, in seconds. */
  readonly runSeconds: Float64Array;
  /** Dispatches of each agent in each of the `HISTORY_HOURS` before `start`, oldest first; absent where unknown. */
  readonly earlier?: readonly Uint32Array[];
}

export interface Arrival {
  readonly time: number;
  readonly agentIndex: number;
  readonly runSeconds: number;
}

/** Collects arrivals in any order, at 17 bytes each. */
export class TraceBuilder {
  private times = new Float64Array(1_024);
  private agentIndexes = new Uint8Array(1_024);
  private runSeconds = new Float64Array(1_024);
  private count = 0;

  add({ time, agentIndex, runSeconds }: Arrival): void {
    if (this.count === this.times.length) this.grow();
    this.times[this.count] = time;
    this.agentIndexes[this.count] = agentIndex;
    this.runSeconds[this.count] = runSeconds;
    this.count += 1;
  }

  /** The columns, sorted by time. What arrives at the same time keeps its order. */
  sorted(): Pick<Trace, 'times' | 'agentIndexes' | 'runSeconds'> {
    const times = this.times.slice(0, this.count);
    const order = Uint32Array.from(times.keys());
    if (!isSorted(times)) order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
    return {
      times: Float64Array.from(order, (place) => this.times[place] ?? 0),
      agentIndexes: Uint8Array.from(order, (place) => this.agentIndexes[place] ?? 0),
      runSeconds: Float64Array.from(order, (place) => this.runSeconds[place] ?? 0),
    };
  }

  private grow(): void {
    const room = 2 * this.times.length;
    this.times = enlarged(this.times, new Float64Array(room));
    this.agentIndexes = enlarged(this.agentIndexes, new Uint8Array(room));
    this.runSeconds = enlarged(this.runSeconds, new Float64Array(room));
  }
}

function enlarged<Column extends Float64Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

function isSorted(times: Float64Array): boolean {
  return times.every((time, place) => place === 0 || (times[place - 1] ?? 0) <= time);
}
