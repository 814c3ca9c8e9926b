import { z } from 'zod';
import { type Condition, type RequestContext, readConditions, valuesOf } from './conditions.ts';
import { actionMatcher, arnMatcher, arnOverlap, type Matcher, wildcard } from './patterns.ts';

const Texts = z.union([z.string(), z.array(z.string())]).transform((texts) => [texts].flat());
const Values = z.union([z.string(), z.boolean(), z.number(), z.array(z.union([z.string(), z.boolean(), z.number()]))]);
const ConditionBlock = z.record(z.string(), z.record(z.string(), Values)).default({});

const IdentityStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: Texts.optional(),
  NotAction: Texts.optional(),
  Resource: Texts.optional(),
  NotResource: Texts.optional(),
  Condition: ConditionBlock,
});

const TrustStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: Texts,
  Principal: z.union([
    z.literal('*'),
    z.strictObject({ Service: Texts.optional(), AWS: Texts.optional(), Federated: Texts.optional() }),
  ]),
  Condition: ConditionBlock,
});

function documentOf<Statement extends z.ZodType>(statement: Statement) {
  return z.strictObject({
    Version: z.literal('2012-10-17', 'a policy without Version 2012-10-17 has another meaning'),
    Id: z.string().optional(),
    Statement: z.union([z.array(statement), statement.transform((single) => [single])]),
  });
}

/** What a request needs: one action on one resource. */
export interface Permission {
  /** E.g. `dynamodb:GetItem`. */
  readonly action: string;
  /** An ARN, or `*` for an action without resources. */
  readonly resource: string;
  /** The resource is only known to begin so: any policy that allows one such will do. */
  readonly resourceIsPrefix?: boolean;
  readonly context?: RequestContext;
}

/** One statement of an identity-based policy. */
export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  appliesTo(permission: Permission, context: RequestContext): boolean;
}

/**
 * Reads an identity-based policy.
 * @throws Error naming the statement and what in it isn't understood
 */
export function readPolicy(document: unknown): PolicyStatement[] {
  return parse(documentOf(IdentityStatement), document).map((statement, index) =>
    inStatement(index, () => {
      const actions = choice('Action', statement.Action, statement.NotAction, actionMatcher, isAction);
      const resources = choice('Resource', statement.Resource, statement.NotResource, arnMatcher, isResource);
      const conditions = readConditions(statement.Condition);
      const patterns = statement.Effect === 'Allow' ? (statement.Resource ?? []) : [];
      return {
        effect: statement.Effect,
        appliesTo: ({ action, resource, resourceIsPrefix }, context) =>
          actions(action) &&
          (resources(resource) ||
            (resourceIsPrefix === true && patterns.some((pattern) => arnOverlap(pattern, resource)))) &&
          allHold(conditions, context),
      };
    }),
  );
}

/** Whether a service, e.g. `lambda.amazonaws.com`, may assume the role. */
export type TrustPolicy = (servicePrincipal: string, context: RequestContext) => boolean;

/**
 * Reads the `AssumeRolePolicyDocument` of a role. Conditions on keys that the context lacks aren't looked at: a role is
 * trusted with a function or a task definition before there is a request.
 * @throws Error naming the statement and what in it isn't understood
 */
export function readTrustPolicy(document: unknown): TrustPolicy {
  const statements = parse(documentOf(TrustStatement), document).map((statement, index) =>
    inStatement(index, () => ({
      effect: statement.Effect,
      assumes: statement.Action.some((action) => actionMatcher(action)('sts:AssumeRole')),
      services: statement.Principal === '*' ? ['*'] : (statement.Principal.Service ?? []),
      conditions: readConditions(statement.Condition),
    })),
  );
  return (principal, context) => {
    const applying = statements.filter(
      ({ assumes, services, conditions }) =>
        assumes &&
        services.some((service) => wildcard(service)(principal)) &&
        allHold(
          conditions.filter(({ key }) => valuesOf(context, key) !== undefined),
          context,
        ),
    );
    return applying.length > 0 && applying.every(({ effect }) => effect === 'Allow');
  };
}

function parse<Statement>(schema: z.ZodType<{ Statement: Statement[] }>, document: unknown): Statement[] {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data.Statement;
  throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

function inStatement<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`Statement[${index}]: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** `Action` or `NotAction`, `Resource` or `NotResource`: one of the two must be there. */
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

function allHold(conditions: readonly Condition[], context: RequestContext): boolean {
  return conditions.every((condition) => condition.holds(context));
}
