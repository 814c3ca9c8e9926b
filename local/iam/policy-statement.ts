import { z } from 'zod';
import type { Condition, RequestContext } from './conditions.ts';
import { actionMatcher, arnMatcher, type Matcher } from './patterns.ts';

export const Texts = z.union([z.string(), z.array(z.string())]).transform((texts) => [texts].flat());
const Values = z.union([z.string(), z.boolean(), z.number(), z.array(z.union([z.string(), z.boolean(), z.number()]))]);
export const ConditionBlock = z.record(z.string(), z.record(z.string(), Values)).default({});

/** The actions and resources of a statement. */
interface ActionsAndResources {
  readonly Action?: readonly string[] | undefined;
  readonly NotAction?: readonly string[] | undefined;
  readonly Resource?: readonly string[] | undefined;
  readonly NotResource?: readonly string[] | undefined;
}

/** A policy of such statements; one alone may stand without its list. */
export function documentOf<Statement extends z.ZodType>(statement: Statement) {
  return z.strictObject({
    Version: z.literal('2012-10-17', 'a policy without Version 2012-10-17 has another meaning'),
    Id: z.string().optional(),
    Statement: z.union([z.array(statement), statement.transform((single) => [single])]),
  });
}

/** Throws an error that names every fault. */
export function parseStatements<Statement>(
  schema: z.ZodType<{ Statement: Statement[] }>,
  document: unknown,
): Statement[] {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data.Statement;
  throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** Adds to an error which statement it is about. */
export function inStatement<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`Statement[${index}]: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** `Action` or `NotAction`: one of the two must be there. */
export function matchActions({ Action, NotAction }: ActionsAndResources): Matcher {
  return choice('Action', Action, NotAction, actionMatcher, isAction);
}

/** `Resource` or `NotResource`: one of the two must be there. */
export function matchResources({ Resource, NotResource }: ActionsAndResources): Matcher {
  return choice('Resource', Resource, NotResource, arnMatcher, isResource);
}

function choice(
  name: string,
  these: readonly string[] | undefined,
  notThese: readonly string[] | undefined,
  matcher: (pattern: string) => Matcher,
  isValid: (pattern: string) => boolean,
): Matcher {
  const patterns = these ?? notThese;
  if (!patterns || (these && notThese)) throw new Error(`one of ${name} and Not${name} must be there`);
  const invalid = patterns.find((pattern) => !isValid(pattern));
  if (invalid !== undefined) throw new Error(`${name} '${invalid}' is not understood`);
  const matchers = patterns.map(matcher);
  return (text) => matchers.some((matches) => matches(text)) === (these !== undefined);
}

function isAction(pattern: string): boolean {
  return pattern === '*' || /^[a-z0-9-]+:[\w*?]+$/i.test(pattern);
}

/** Policy variables (`${aws:username}`) aren't available here. */
function isResource(pattern: string): boolean {
  return pattern === '*' || (/^arn:[^:]+:[^:]+:[^:]*:[^:]*:./s.test(pattern) && !pattern.includes('$' + '{'));
}

export function allHold(conditions: readonly Condition[], context: RequestContext): boolean {
  return conditions.every((condition) => condition.holds(context));
}
