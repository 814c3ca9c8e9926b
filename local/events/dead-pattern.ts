import { type EventKind, eventOfKind } from './event-kind.ts';
import { compilePattern } from './event-pattern.ts';

type Pattern = Readonly<Record<string, unknown>>;

/**
 * What of a pattern can never match an event of these kinds: the whole of it, or single values of its lists. Patterns
 * that may match events of one's own, whose source does not begin with `aws.`, are not judged.
 *
 * @returns one sentence for each fault
 */
export function deadParts(pattern: Pattern, kinds: readonly EventKind[]): string[] {
  if (!isAboutAws(pattern)) return [];
  const events = kinds.map(eventOfKind);
  const canMatch = (candidate: Pattern) => events.some(compilePattern(candidate));
  if (!canMatch(pattern))
    return [`no event of the services here can match its EventPattern ${JSON.stringify(pattern)}`];
  return withOneValue(pattern)
    .filter((variant) => !canMatch(variant.pattern))
    .map(({ path, value }) => `no event of the services here can match its EventPattern by ${path} = ${value}`);
}

function isAboutAws({ source }: Pattern): boolean {
  return Array.isArray(source) && source.every((name) => typeof name === 'string' && name.startsWith('aws.'));
}

interface Variant {
  readonly path: string;
  readonly value: string;
  readonly pattern: Pattern;
}

/** The pattern with one of its lists cut down to one value, for each value of each list. */
function withOneValue(pattern: Pattern, path = ''): Variant[] {
  return Object.entries(pattern).flatMap(([name, value]) => {
    const here = `${path}${name}`;
    const variant = (cut: unknown) => ({ ...pattern, [name]: cut });
    if (Array.isArray(value)) {
      // `$or` is an operator only where it lists two.
      return value.map((one) => ({
        path: here,
        value: JSON.stringify(one),
        pattern: variant(name === '$or' ? [one, one] : [one]),
      }));
    }
    return withOneValue(value as Pattern, `${here}.`).map((inner) => ({ ...inner, pattern: variant(inner.pattern) }));
  });
}
