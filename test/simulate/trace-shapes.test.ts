import { describe, expect, it } from 'vitest';
import { mostAtOnce } from '../../scripts/simulation/running-at-once.ts';
import { type ShapedTrace, shapedTrace, TRACE_SHAPES } from '../../scripts/simulation/trace-shapes.ts';

function trace(more: Partial<ShapedTrace>) {
  return shapedTrace({ shape: 'workday', daily: 2_000, agents: new Map([['claude', 1]]), seed: 1, ...more });
}

describe('a made trace', () => {
  it.each(TRACE_SHAPES)('%s has as many dispatches as were asked for, in order, within its day', (shape) => {
    const { times, seconds } = trace({ shape, daily: 1_234 });

    expect(times).toHaveLength(1_234);
    expect(times).toEqual(times.slice().sort());
    expect(times[0]).toBeGreaterThanOrEqual(0);
    expect(times.at(-1)).toBeLessThan(seconds);
  });

  it.each(TRACE_SHAPES)('%s is the same for the same seed alone', (shape) => {
    expect(trace({ shape })).toEqual(trace({ shape }));
    expect(trace({ shape }).times).not.toEqual(trace({ shape, seed: 2 }).times);
  });

  it.each([
    [2_000, 50],
    [5_000, 100],
    [10_000, 200],
  ])('of a working day with %i dispatches has about its peak running at once', (daily, peak) => {
    const most = mostAtOnce(trace({ daily, peak }));

    expect(most).toBeGreaterThan(0.85 * peak);
    expect(most).toBeLessThan(1.35 * peak);
  });

  it('of bursts has a minute in which a whole burst arrives', () => {
    const { times } = trace({ shape: 'bursts', peak: 80 });

    const most = Math.max(...times.map((time) => times.filter((other) => other >= time && other < time + 60).length));
    expect(most).toBeGreaterThanOrEqual(80);
  });

  it('knows two weeks before it of the same shape', () => {
    const { earlier } = trace({ daily: 5_000 });

    const hours = [...(earlier?.[0] ?? [])];
    expect(hours.reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(hours[7 * 24 + 10]).toBeGreaterThan(3 * (hours[7 * 24 + 3] ?? 0));
  });

  it('gives each agent its share', () => {
    const agents = new Map([
      ['claude', 3],
      ['codex', 1],
    ] as const);

    const { agentIndexes } = trace({ agents, daily: 4_000 });

    const claude = agentIndexes.filter((index) => index === 0).length;
    expect(claude / 4_000).toBeCloseTo(0.75, 1);
  });

  it.each<[string, Partial<ShapedTrace>, string]>([
    ['a peak that no working day has', { peak: 5_000 }, 'peaks at 14 to 5'],
    ['a peak below the mean', { peak: 3 }, 'not at 3'],
    ['a burst of more dispatches than come in bursts', { shape: 'bursts', peak: 1_001 }, 'a burst is 1000 at most'],
  ])('refuses %s', (_, more, message) => {
    expect(() => trace(more)).toThrow(message);
  });
});
