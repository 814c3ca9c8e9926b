import { describe, expect, it } from 'vitest';
import type { AgentName, PoolBounds } from '../../core/agents.ts';
import { fixed } from '../../core/pool-policy.ts';
import { agentReport, totalReport } from '../../scripts/simulation/pool-report.ts';
import { type Simulation, simulatePool } from '../../scripts/simulation/pool-simulation.ts';
import { deployed, oracle } from '../../scripts/simulation/simulated-policy.ts';
import type { AgentRecord } from '../../scripts/simulation/simulation-record.ts';
import { type Trace, TraceBuilder } from '../../scripts/simulation/trace.ts';
import { shapedTrace } from '../../scripts/simulation/trace-shapes.ts';

const BOOT = { median: 45, spread: 0.25 };
const EXACT_BOOT = { median: 40, spread: 0 };

function simulate(trace: Trace, bounds: PoolBounds, more: Partial<Simulation> = {}): AgentRecord {
  const agent = trace.agents[0] ?? 'claude';
  const settings = { policy: deployed(fixed), bounds: new Map([[agent, bounds]]), bootTimes: BOOT, seed: 1 };
  const [record] = simulatePool({ trace, ...settings, ...more });
  if (!record) throw new Error('no record');
  return record;
}

function day(shape: 'poisson' | 'workday' | 'bursts', daily: number, seed = 1): Trace {
  return shapedTrace({ shape, daily, agents: new Map([['claude', 1]]), seed });
}

function arrivals(times: readonly number[], seconds: number): Trace {
  const builder = new TraceBuilder();
  for (const time of times) builder.add({ time, agentIndex: 0, runSeconds: 60 });
  return { start: new Date('2026-01-05T00:00:00Z'), seconds, agents: ['claude'], ...builder.sorted() };
}

function constant(slots: number): PoolBounds {
  return { min: slots, max: slots };
}

describe('the simulated pool', () => {
  it('serves every dispatch once, warm or cold', () => {
    const trace = day('bursts', 2_000);

    const record = simulate(trace, { min: 2, max: 50 });

    expect(record.hits + record.misses).toBe(2_000);
    expect(record.waits).toHaveLength(2_000);
    expect(record.slotsStarted).toBeGreaterThanOrEqual(record.hits);
  });

  it('gives the same figures for the same seed, and others for another', () => {
    const trace = day('workday', 500);

    const [first, same, other] = [1, 1, 2].map((seed) => simulate(trace, { min: 1, max: 5 }, { seed }));

    expect(first?.waits).toEqual(same?.waits);
    expect(first?.waits).not.toEqual(other?.waits);
  });

  it('runs all dispatches cold, and has nothing idle, where the bounds allow no slot', () => {
    const record = simulate(day('poisson', 200), constant(0));

    expect(record.hits).toBe(0);
    expect(record.slotsStarted).toBe(0);
    expect(record.warmSeconds).toBe(0);
  });

  it('claims only slots that are warm', () => {
    const record = simulate(arrivals([39, 41], 60), constant(1), { bootTimes: EXACT_BOOT });

    expect([record.misses, record.hits]).toEqual([1, 1]);
    expect(record.waits[0]).toBeGreaterThan(40);
    expect(record.waits[1]).toBeLessThan(1);
  });

  it('replaces a claimed slot at once, not at the next minute', () => {
    const record = simulate(arrivals([61, 61 + 1 + 40 + 0.1], 120), constant(1), { bootTimes: EXACT_BOOT });

    expect(record.hits).toBe(2);
  });

  it('misses as often as queueing theory says of a constant stock and steady arrivals', () => {
    const traces = [1, 2, 3].map((seed) => day('poisson', 10_000, seed));
    const load = (10_000 / 86_400) * (BOOT.median * Math.exp(BOOT.spread ** 2 / 2) + 1);

    const misses = traces.map((trace) => simulate(trace, constant(6)).misses);

    const missRate = misses.reduce((sum, count) => sum + count, 0) / 30_000;
    expect(Math.abs(missRate - erlangB(6, load))).toBeLessThan(0.01);
  });

  it('drains surplus when it has been idle for five minutes, not before', () => {
    // A miss makes `fixed` ask for all ten, for the five minutes that it counts.
    const trace = arrivals([50, 51, 52], 1_200);

    const record = simulate(trace, { min: 1, max: 10 }, { bootTimes: EXACT_BOOT, stretches: 20 });

    const warm = record.stretches.map((stretch) => stretch.warm / 60);
    expect(Math.max(...warm.slice(2, 5))).toBeCloseTo(10, 5);
    expect(warm[6]).toBeGreaterThan(1);
    expect(warm.at(-1)).toBe(1);
    expect(record.wastedBootSeconds).toBeGreaterThan(9 * 40 - 1);
  });

  it('replaces slots that have waited for 12 hours', () => {
    const record = simulate(arrivals([1, 86_399], 86_400), constant(1), { bootTimes: EXACT_BOOT });

    expect(record.slotsStarted).toBe(3);
  });

  it('counts idle time as the slots waited: warm from boot to end', () => {
    const record = simulate(arrivals([0], 3_640), constant(2), { bootTimes: EXACT_BOOT });

    expect(agentReport('claude', record).idleSlotHours).toBeCloseTo(2, 2);
    expect(agentReport('claude', record).idlePrice).toBeCloseTo(2 * 0.079, 3);
  });

  it('keeps the agents apart', () => {
    const trace = shapedTrace({ shape: 'poisson', daily: 1_000, agents: mix(), seed: 1 });
    const bounds = new Map<AgentName, PoolBounds>([
      ['claude', constant(0)],
      ['codex', constant(20)],
    ]);

    const records = simulatePool({ trace, policy: deployed(fixed), bounds, bootTimes: BOOT, seed: 1 });

    const reports = records.map((record, place) => agentReport(trace.agents[place] ?? 'claude', record));
    expect(reports.map(({ hitRate }) => Math.round(hitRate * 100))).toEqual([0, 100]);
    expect(totalReport(records, reports).dispatches).toBe(1_000);
  });
});

describe('the oracle', () => {
  it('has a slot ready for every dispatch, just in time', () => {
    const trace = arrivals([100, 100, 500], 600);

    const record = simulate(trace, { min: 0, max: 10 }, { policy: oracle(trace, 41), bootTimes: EXACT_BOOT });

    expect(record.hits).toBe(3);
    expect(record.warmSeconds).toBeCloseTo(3, 1);
  });

  it('needs less than any policy that learns, for as many hits', () => {
    const trace = day('workday', 2_000);

    const knowing = simulate(trace, { min: 0, max: 50 }, { policy: oracle(trace, 75) });
    const learning = simulate(trace, constant(8));

    expect(knowing.hits).toBeGreaterThanOrEqual(learning.hits - 20);
    expect(knowing.warmSeconds).toBeLessThan(0.5 * learning.warmSeconds);
  });
});

function mix(): ReadonlyMap<AgentName, number> {
  return new Map([
    ['claude', 2],
    ['codex', 1],
  ]);
}

function erlangB(servers: number, load: number): number {
  let blocked = 1;
  for (let count = 1; count <= servers; count++) blocked = (load * blocked) / (count + load * blocked);
  return blocked;
}
