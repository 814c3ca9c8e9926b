import type { z } from 'zod';
import { AwsError } from '../../gateway/aws-error.ts';

/** The input of an operation, checked. Throws a `ValidationException` that names every parameter that is not valid. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AwsError('ValidationException', `The request is not valid. ${faults.join('; ')}`);
}

/** Throws where several of the filters are given: EventBridge takes one at a time. */
export function requireOneFilter(filters: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(filters).filter((name) => filters[name] !== undefined);
  if (given.length < 2) return;
  throw new AwsError('ValidationException', `Filter parameters are exclusive, but there are ${given.join(' and ')}.`);
}

/** One page of a list that is sorted by name; the token is the last name of the page before. */
export function pageOf<Item extends { readonly name: string }>(
  items: readonly Item[],
  { Limit = 100, NextToken }: { readonly Limit?: number | undefined; readonly NextToken?: string | undefined },
): { readonly page: Item[]; readonly NextToken?: string } {
  const after = NextToken === undefined ? '' : Buffer.from(NextToken, 'base64url').toString('utf8');
  const left = items.filter(({ name }) => name > after).sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = left.slice(0, Limit);
  const last = page.at(-1);
  if (page.length === left.length || !last) return { page };
  return { page, NextToken: Buffer.from(last.name, 'utf8').toString('base64url') };
}
