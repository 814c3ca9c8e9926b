import { createHash, randomUUID } from 'node:crypto';
import type jsonata from 'jsonata';

const HASH_ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
const LONGEST_RANGE = 1000;

/**
 * The functions that Step Functions adds to JSONata, and the one it takes away: `$eval`
 * ("Transforming data with JSONata in Step Functions" in the developer guide).
 */
export function installStepFunctionsLibrary(expression: jsonata.Expression): void {
  expression.registerFunction('partition', partition);
  expression.registerFunction('range', range);
  expression.registerFunction('hash', hash, '<s-s?:s>');
  expression.registerFunction('random', random, '<n?:n>');
  expression.registerFunction('uuid', () => randomUUID(), '<:s>');
  expression.registerFunction('parse', parse, '<s-:x>');
  expression.assign('eval', undefined);
}

function partition(values: unknown, size: unknown): unknown {
  if (values === undefined) return undefined;
  const list = Array.isArray(values) ? values : [values];
  if (typeof size !== 'number' || !Number.isFinite(size) || Math.floor(size) < 1) {
    throw functionError('partition', 2, 'a positive number');
  }
  const chunk = Math.floor(size);
  const chunks: unknown[] = [];
  for (let start = 0; start < list.length; start += chunk) chunks.push(list.slice(start, start + chunk));
  return chunks;
}

function range(first: unknown, last: unknown, step: unknown): unknown {
  const [from, to, by] = [first, last, step].map((value, index) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw functionError('range', index + 1, 'a number');
    return Math.trunc(value);
  }) as [number, number, number];
  if (by === 0) throw functionError('range', 3, 'a number other than 0');
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  if (length > LONGEST_RANGE) throw functionError('range', 2, `a number that makes at most ${LONGEST_RANGE} elements`);
  return asSequence(Array.from({ length }, (_, index) => from + index * by));
}

/** JSONata unwraps a sequence of one element; AWS answers `1`, not `[1]`, for `$range(1, 9, 9)`. */
function asSequence(values: unknown[]): unknown {
  return values.length === 1 ? values[0] : values;
}

function hash(text: string | undefined, algorithm: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const name = HASH_ALGORITHMS[algorithm ?? 'SHA-256'];
  if (!name) throw functionError('hash', 2, `one of ${Object.keys(HASH_ALGORITHMS).join(', ')}`);
  return createHash(name).update(text, 'utf8').digest('hex');
}

/** A number of [0, 1); the same seed yields the same number (mulberry32). */
function random(seed: number | undefined): number {
  if (seed === undefined) return Math.random();
  let state = (Math.trunc(seed) + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296;
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(functionError('parse', 1, 'valid JSON'), { cause });
  }
}

/** JSONata words the errors of its own codes itself, so this has none. */
function functionError(name: string, argument: number, expected: string): Error {
  return new Error(`Argument ${argument} of function "${name}" must be ${expected}`);
}
