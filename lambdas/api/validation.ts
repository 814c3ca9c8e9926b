import type { Hook } from '@hono/zod-openapi';
import { z } from 'zod';
import { type Fault, validationError } from './api-error.ts';
import type { ApiEnv } from './collaborators.ts';

/** The query of a route that has no parameters: what a client misspells is refused, not ignored. */
export const NoQuery = z.strictObject({});

/** Turns what a schema found into the API's own error. */
export const refuseInvalid: Hook<unknown, ApiEnv, string, unknown> = (result) => {
  if (result.success) return;
  const { target, error } = result;
  throw validationError(
    faultsOf(error, (result as { data?: unknown }).data, target === 'query' ? 'parameter' : 'field'),
  );
};

/** For a parameter of the query: a whole number within bounds. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  const error = `must be a whole number ${bounds}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** One fault for each field; a field that is unknown or missing is named as such. */
export function faultsOf({ issues }: Pick<z.ZodError, 'issues'>, input: unknown, noun = 'field'): Fault[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: `is not a known ${noun}` }));
    }
    const isMissing = issue.path.length > 0 && valueAt(input, issue.path) === undefined;
    return [{ path: pathOf(issue.path), message: isMissing ? 'is required' : messageOf(issue) }];
  });
}

/** What a client calls the kinds of JSON. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function messageOf(issue: z.core.$ZodIssue): string {
  const kind =
    issue.code === 'invalid_type' && issue.message.startsWith('Invalid input') ? KINDS[issue.expected] : undefined;
  if (kind === undefined) return lowerFirst(issue.message);
  return issue.path.length === 0 ? `the body must be ${kind}` : `must be ${kind}`;
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
