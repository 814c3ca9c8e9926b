import { adaptiveFor, WAIT_PRICE } from '../../core/adaptive-policy.ts';
import { AGENTS, type AgentName, type PoolBounds } from '../../core/agents.ts';
import { fixed } from '../../core/pool-policy.ts';
import type { BootTimes } from './agent-pool.ts';
import { agentReport } from './pool-report.ts';
import { simulatePool } from './pool-simulation.ts';
import { deployed, oracle, type SimulatedPolicy } from './simulated-policy.ts';
import type { Trace } from './trace.ts';
import { shapedTrace, type TraceShape } from './trace-shapes.ts';

export interface Load {
  readonly shape: TraceShape;
  readonly daily: number;
  readonly peak: number;
}

export const COMPARED_LOADS: readonly Load[] = (['workday', 'poisson', 'bursts'] as const).flatMap((shape) => [
  { shape, daily: 2_000, peak: 50 },
  { shape, daily: 5_000, peak: 100 },
  { shape, daily: 10_000, peak: 200 },
]);
/** The agent whose bounds and size are compared. */
export const COMPARED_AGENT: AgentName = 'claude';
/** Hit rates for which each policy's cheapest setting is looked for. */
export const COMPARED_RATES = [0.8, 0.9, 0.95, 0.99] as const;

/** What one setting of a policy came to, over all seeds. */
export interface Point {
  readonly setting: string;
  readonly hitRate: number;
  /** Slot-hours a day. */
  readonly idle: number;
}

export interface LoadComparison {
  readonly load: Load;
  /** `fixed` with the catalogue's `min`, its `max` lifted to the peak. */
  readonly asDeployed: Point;
  /** `adaptive` as it is, with the same bounds. */
  readonly adaptiveAsDeployed: Point;
  /** Every other setting that was tried. */
  readonly fixed: readonly Point[];
  readonly adaptive: readonly Point[];
  readonly oracle: readonly Point[];
}

interface Setting {
  readonly name: string;
  readonly bounds: PoolBounds;
  readonly policy: (trace: Trace) => SimulatedPolicy;
}

const WAIT_PRICES = [0.1, 0.18, 0.32, 0.56, 1, 1.8, 3.2, 5.6, 10, 18, 32, 56];
/** Every stock up to 25, and beyond that coarser. */
const MINS = [...Array(26).keys(), 28, 32, 36, 40, 50, 60, 75, 90, 100, 120, 150, 175, 200];
const STOCK_SHARES = [0.04, 0.08, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const LEADS = [45, 50, 55, 60, 65, 70, 75, 80, 90];

/** Runs one load through every setting, with the same traces for each. */
export function compare(load: Load, seeds: readonly number[], bootTimes: BootTimes): LoadComparison {
  const traces = seeds.map((seed) =>
    shapedTrace({ ...load, ...peakOf(load), agents: new Map([[COMPARED_AGENT, 1]]), seed }),
  );
  const point = ({ name, bounds, policy }: Setting): Point => {
    const reports = traces.map((trace, place) => {
      const seed = seeds[place] ?? 0;
      const agentBounds = new Map([[COMPARED_AGENT, bounds]]);
      const [record] = simulatePool({ trace, policy: policy(trace), bounds: agentBounds, bootTimes, seed });
      if (!record) throw new Error('The simulation of one agent has no record.');
      return agentReport(COMPARED_AGENT, record);
    });
    const mean = (of: (report: (typeof reports)[number]) => number) =>
      reports.reduce((sum, report) => sum + of(report), 0) / reports.length;
    return { setting: name, hitRate: mean(({ hitRate }) => hitRate), idle: mean(({ idleSlotHours }) => idleSlotHours) };
  };
  const { min } = AGENTS[COMPARED_AGENT].pool;
  return {
    load,
    asDeployed: point(fixedSetting({ min, max: load.peak })),
    adaptiveAsDeployed: point(adaptiveSetting(WAIT_PRICE, { min, max: load.peak })),
    fixed: fixedSettings(load.peak).map(point),
    adaptive: adaptiveSettings(load.peak).map(point),
    oracle: LEADS.map((lead) => point(oracleSetting(lead, load.peak))),
  };
}

/** The setting with the fewest idle slot-hours among those that reach a hit rate. */
export function cheapest(points: readonly Point[], hitRate: number): Point | undefined {
  const reaching = points.filter((point) => point.hitRate >= hitRate);
  return reaching.reduce<Point | undefined>(
    (best, point) => (best && best.idle <= point.idle ? best : point),
    undefined,
  );
}

/** Without bursts, the peak is one of runs, which a steady rate cannot be bent to. */
function peakOf({ shape, peak }: Load): { peak?: number } {
  return shape === 'poisson' ? {} : { peak };
}

/** A constant stock, or one that goes up to a quarter of the peak, or to the peak. */
function fixedSettings(peak: number): Setting[] {
  return MINS.filter((min) => min <= peak).flatMap((min) =>
    [...new Set([min, Math.ceil(peak / 4), peak])].filter((max) => max >= min).map((max) => fixedSetting({ min, max })),
  );
}

/** By the price of waiting; and, for what cannot be foreseen, with a part of the peak always there. */
function adaptiveSettings(peak: number): Setting[] {
  const byPrice = WAIT_PRICES.map((price) => adaptiveSetting(price, { min: 0, max: peak }));
  const byStock = STOCK_SHARES.flatMap((share) =>
    [WAIT_PRICE, 8 * WAIT_PRICE].map((price) => adaptiveSetting(price, { min: Math.ceil(share * peak), max: peak })),
  );
  return [...byPrice, ...byStock];
}

function fixedSetting(bounds: PoolBounds): Setting {
  return { name: `${bounds.min}-${bounds.max}`, bounds, policy: () => deployed(fixed) };
}

function adaptiveSetting(waitPrice: number, bounds: PoolBounds): Setting {
  const policy = adaptiveFor(waitPrice);
  return { name: `USD ${waitPrice}, ${bounds.min}-${bounds.max}`, bounds, policy: () => deployed(policy) };
}

/** Two bursts may overlap: it may have twice the peak. */
function oracleSetting(lead: number, peak: number): Setting {
  return { name: `${lead} s`, bounds: { min: 0, max: 2 * peak }, policy: (trace) => oracle(trace, lead) };
}
