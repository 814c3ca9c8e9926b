import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adaptive, adaptiveFor, WAIT_PRICE } from '../../core/adaptive-policy.ts';
import type { PoolBounds } from '../../core/agents.ts';
import type { PoolDemand } from '../../core/pool-demand.ts';
import { fixed, POOL_POLICIES } from '../../core/pool-policy.ts';

const PRICE = 0.079;
const WIDE: PoolBounds = { min: 0, max: 1_000 };

function demand(more: Partial<PoolDemand> = {}): PoolDemand {
  return {
    now: new Date('2026-01-05T10:00:30Z'),
    claims: 0,
    misses: 0,
    waiting: 0,
    arrivalsPerMinute: new Array<number>(60).fill(0),
    bootSeconds: 45,
    ...more,
  };
}

const anyBounds = fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const anyDemand: fc.Arbitrary<PoolDemand> = fc.record(
  {
    now: fc.date({ noInvalidDate: true }),
    claims: fc.nat(10_000),
    misses: fc.nat(10_000),
    waiting: fc.nat(10_000),
    arrivalsPerMinute: fc.array(fc.nat(2_000), { maxLength: 60 }),
    usualArrivalsPerMinute: fc.double({ min: 0, max: 1e6, noNaN: true }),
    bootSeconds: fc.double({ min: 0, max: 1e5, noNaN: true }),
  },
  { requiredKeys: ['now', 'claims', 'misses', 'waiting', 'arrivalsPerMinute', 'bootSeconds'] },
);

describe('every policy', () => {
  it.each(Object.entries(POOL_POLICIES))('%s wants a whole number of slots within the bounds', (_, policy) => {
    fc.assert(
      fc.property(anyDemand, anyBounds, fc.double({ min: 0, max: 100, noNaN: true }), (asked, bounds, price) => {
        const desired = policy(asked, bounds, price);

        expect(Number.isInteger(desired)).toBe(true);
        expect(desired).toBeGreaterThanOrEqual(bounds.min);
        expect(desired).toBeLessThanOrEqual(bounds.max);
      }),
    );
  });

  it.each(Object.entries(POOL_POLICIES))('%s never wants fewer slots when more dispatches wait', (_, policy) => {
    fc.assert(
      fc.property(anyDemand, anyBounds, fc.nat(500), (asked, bounds, more) => {
        const before = policy(asked, bounds, PRICE);
        const after = policy({ ...asked, waiting: asked.waiting + more }, bounds, PRICE);

        expect(after).toBeGreaterThanOrEqual(before);
      }),
    );
  });
});

describe('fixed', () => {
  const bounds = { min: 2, max: 5 };

  it.each<[string, Partial<PoolDemand>, number]>([
    ['nothing happens', {}, 2],
    ['all claims succeed', { claims: 100 }, 2],
    ['one in five misses', { claims: 80, misses: 20 }, 2],
    ['more than one in five misses', { claims: 79, misses: 21 }, 5],
    ['the only dispatch misses', { misses: 1 }, 5],
    ['nine dispatches wait', { waiting: 9 }, 2],
    ['ten dispatches wait', { waiting: 10 }, 5],
  ])('when %s', (_, more, expected) => {
    expect(fixed(demand(more), bounds, PRICE)).toBe(expected);
  });
});

describe('adaptive', () => {
  it('wants no slot where nothing arrives', () => {
    expect(adaptive(demand(), WIDE, PRICE)).toBe(0);
  });

  it('wants the stock at which waiting and idling cost the least together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 10, max: 120 }), (perMinute, bootSeconds) => {
        const asked = steady(perMinute, { bootSeconds });
        const load = (perMinute * bootSeconds) / 60;

        const desired = adaptive(asked, WIDE, PRICE);

        const costs = Array.from({ length: 200 }, (_, stock) => hourlyCost(stock, load));
        expect(hourlyCost(desired, load)).toBeCloseTo(Math.min(...costs), 9);
      }),
    );
  });

  it('follows the usual rate of the hour before its arrivals are there', () => {
    const unknown = adaptive(demand(), WIDE, PRICE);
    const usual = adaptive(demand({ usualArrivalsPerMinute: 10 }), WIDE, PRICE);

    expect(unknown).toBe(0);
    expect(usual).toBeGreaterThan(5);
  });

  it('does not take the part of a minute that has passed for a whole one', () => {
    const early = steady(20, { now: new Date('2026-01-05T10:00:01Z') }, 0);
    const late = steady(20, { now: new Date('2026-01-05T10:00:59Z') }, 20);

    expect(Math.abs(adaptive(early, WIDE, PRICE) - adaptive(late, WIDE, PRICE))).toBeLessThanOrEqual(1);
  });

  it('answers a burst before its minute is over, and a single cold start not at all', () => {
    expect(adaptive(demand({ waiting: 1 }), WIDE, PRICE)).toBe(0);
    expect(adaptive(demand({ waiting: 20 }), WIDE, PRICE)).toBeGreaterThan(30);
  });

  it('never wants fewer slots for more arrivals, longer boots or dearer waiting, nor more for a higher price', () => {
    fc.assert(
      fc.property(anyDemand, fc.nat(59), fc.integer({ min: 1, max: 50 }), (asked, minute, more) => {
        const arrivalsPerMinute = asked.arrivalsPerMinute.map((count, at) => (at === minute ? count + more : count));
        const desired = adaptive(asked, WIDE, PRICE);

        expect(adaptive({ ...asked, arrivalsPerMinute }, WIDE, PRICE)).toBeGreaterThanOrEqual(desired);
        expect(adaptive({ ...asked, bootSeconds: asked.bootSeconds + more }, WIDE, PRICE)).toBeGreaterThanOrEqual(
          desired,
        );
        expect(adaptiveFor(WAIT_PRICE + more)(asked, WIDE, PRICE)).toBeGreaterThanOrEqual(desired);
        expect(adaptive(asked, WIDE, PRICE + more)).toBeLessThanOrEqual(desired);
      }),
    );
  });
});

function steady(perMinute: number, more: Partial<PoolDemand> = {}, thisMinute = perMinute / 2): PoolDemand {
  const arrivalsPerMinute = [...new Array<number>(59).fill(perMinute), thisMinute];
  return demand({ arrivalsPerMinute, usualArrivalsPerMinute: perMinute, ...more });
}

/** USD an hour for idle slots and for those who wait, by Erlang's formula B in its first form. */
function hourlyCost(stock: number, load: number): number {
  const terms = [1];
  for (let busy = 1; busy <= stock; busy++) terms.push(((terms.at(-1) ?? 0) * load) / busy);
  const missed = (terms.at(-1) ?? 0) / terms.reduce((sum, term) => sum + term, 0);
  return PRICE * (stock - load * (1 - missed)) + WAIT_PRICE * load * missed;
}
