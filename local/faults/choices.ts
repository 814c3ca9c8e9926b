import type { Strike } from './fault-points.ts';
import type { Moment, Span } from './fault-settings.ts';
import { randomStream } from './random-stream.ts';

/** Random numbers for each name of its own, as they follow from seed and boot. */
export class Numbers {
  private readonly streams = new Map<string, () => number>();

  constructor(
    private readonly seed: number,
    private readonly boot: number,
  ) {}

  of(name: string): () => number {
    const stream = this.streams.get(name) ?? randomStream(this.seed, `${this.boot} ${name}`);
    this.streams.set(name, stream);
    return stream;
  }
}

/** Whether it happens, at which moment, and how long after it. */
export function strike<Fault extends string>(
  rates: Readonly<Record<Fault, number>>,
  moments: readonly Moment[],
  random: () => number,
): Strike<Fault> | undefined {
  const [pick, when, size] = [random(), random(), random()];
  const fault = choose(rates, pick);
  const total = moments.reduce((sum, { weight }) => sum + weight, 0);
  const weights = Object.fromEntries(moments.map(({ weight }, index) => [index, weight / total]));
  const moment = moments[Number(choose(weights, when) ?? moments.length - 1)];
  return fault && moment && { fault, moment, delayMs: within(moment.delayMs, size) };
}

/** One of the names by their shares of 1, or none. */
export function choose<Name extends string>(rates: Readonly<Record<Name, number>>, pick: number): Name | undefined {
  let reached = 0;
  for (const [name, rate] of Object.entries(rates) as [Name, number][]) {
    reached += rate;
    if (pick < reached) return name;
  }
  return undefined;
}

/** The first rule that fits, and its place. */
export function find<Rule>(
  rules: readonly Rule[],
  fits: (rule: Rule) => boolean,
): [index: number, rule: Rule | undefined] {
  const index = rules.findIndex(fits);
  return [index, rules[index]];
}

/** Whether a name is among those that are wanted; where nothing is wanted, all are. */
export function isOneOf(names: readonly string[] | undefined, name: string): boolean {
  return names?.includes(name) ?? true;
}

/** Whether one of the texts that are wanted is a part of a whole. */
export function mentions(texts: readonly string[] | undefined, whole: string): boolean {
  return texts?.some((text) => whole.includes(text)) ?? true;
}

/** A whole number of a span; `size` of [0, 1) says which. */
export function within([low, high]: Span, size: number): number {
  return Math.round(low + size * (high - low));
}
