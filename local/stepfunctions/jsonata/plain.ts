import { DATA_LIMIT_BYTES, type Json, setMember } from '../json.ts';

/** Thrown where JSONata's answer holds what JSON cannot: a function or a pattern. */
export class NotJsonError extends Error {}

/** Thrown where a value has so many members that its text must exceed the data limit. */
export class TooLargeError extends Error {}

const DEEPEST = 500;

/**
 * JSONata marks its arrays with hidden properties that change what a later expression does with them. This is the
 * value as JSON alone, without them.
 * @throws NotJsonError, TooLargeError
 */
export function toPlainJson(value: unknown): Json {
  return typeof value === 'string' || typeof value === 'boolean' ? value : plain(value, 0, { left: DATA_LIMIT_BYTES });
}

function plain(value: unknown, depth: number, members: { left: number }): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'object':
      break;
    default:
      throw new NotJsonError(`A ${typeof value} is not JSON.`);
  }
  if (value === null) return null;
  if (depth > DEEPEST) throw new TooLargeError('The value is nested too deeply.');
  if (Array.isArray(value)) {
    members.left -= value.length;
    if (members.left < 0) throw new TooLargeError('The value has too many members.');
    return value.map((item) => (item === undefined ? null : plain(item, depth + 1, members)));
  }
  if ('_jsonata_function' in value || '_jsonata_lambda' in value || value instanceof RegExp) {
    throw new NotJsonError('A function is not JSON.');
  }
  return plainObject(value, depth, members);
}

function plainObject(value: object, depth: number, members: { left: number }): Json {
  const entries = Object.entries(value);
  members.left -= entries.length;
  if (members.left < 0) throw new TooLargeError('The value has too many members.');
  const object: Record<string, Json> = {};
  for (const [key, member] of entries) {
    if (member === undefined) continue;
    setMember(object, key, plain(member, depth + 1, members));
  }
  return object;
}
