import { ANY_VALUE } from './event-kind.ts';
import { compileMatcher, type LeafMatcher } from './pattern-operators.ts';

/** Whether an event matches. */
export type EventMatcher = (event: unknown) => boolean;

/** A pattern that EventBridge would refuse; the message names the place in the pattern. */
export class EventPatternError extends Error {
  constructor(path: readonly string[], message: string) {
    super(`Event pattern is not valid at '${path.join('.') || '(root)'}': ${message}`);
    this.name = 'EventPatternError';
  }
}

/**
 * Compiles an event pattern ("Comparison operators for use in event patterns in Amazon EventBridge"): all fields of an
 * object must match, one of the values of a list, one element of an array in the event. Throws `EventPatternError`.
 */
export function compilePattern(pattern: unknown, path: readonly string[] = []): EventMatcher {
  if (!isObject(pattern)) throw new EventPatternError(path, 'an object is needed');
  const fields = Object.entries(pattern);
  if (fields.length === 0) throw new EventPatternError(path, 'an empty object is not allowed');
  const matchers = fields.map(([name, value]) => {
    const here = [...path, name];
    if (isAlternatives(name, value))
      return anyOf(value.map((one, index) => compilePattern(one, [...here, String(index)])));
    return Array.isArray(value) ? leafField(name, value, here) : nestedField(name, compilePattern(value, here));
  });
  return (event) => matchers.every((matches) => matches(event));
}

function anyOf(matchers: readonly EventMatcher[]): EventMatcher {
  return (event) => matchers.some((matches) => matches(event));
}

/** All conditions below a field must hold in the same element where the event has an array there. */
function nestedField(name: string, matches: EventMatcher): EventMatcher {
  return (event) => {
    const elements = flatten(fieldOf(event, name));
    return elements.length === 0 ? matches(undefined) : elements.some(matches);
  };
}

function leafField(name: string, values: readonly unknown[], path: readonly string[]): EventMatcher {
  if (values.length === 0) throw new EventPatternError(path, 'an empty list is not allowed');
  const matchers: LeafMatcher[] = values.map((value) =>
    compileMatcher(value, (message) => new EventPatternError(path, message)),
  );
  return (event) => {
    const leaves = flatten(fieldOf(event, name)).filter((value) => !isObject(value));
    return leaves.includes(ANY_VALUE) || matchers.some((matches) => matches(leaves));
  };
}

/** `$or` is an operator where it lists at least two objects; else it is a field like any other. */
function isAlternatives(name: string, value: unknown): value is unknown[] {
  return name === '$or' && Array.isArray(value) && value.length > 1 && value.every(isObject);
}

function fieldOf(event: unknown, name: string): unknown {
  if (event === ANY_VALUE) return ANY_VALUE;
  return isObject(event) && Object.hasOwn(event, name) ? event[name] : undefined;
}

function flatten(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.flatMap(flatten) : [value];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
