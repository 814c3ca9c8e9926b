import { z } from 'zod';
import { type RequestContext, readConditions, valuesOf } from './conditions.ts';
import { actionMatcher, arnOverlap, wildcard } from './patterns.ts';
import {
  allHold,
  ConditionBlock,
  documentOf,
  inStatement,
  matchActions,
  matchResources,
  parseStatements,
  Texts,
} from './policy-statement.ts';

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
  return parseStatements(documentOf(IdentityStatement), document).map((statement, index) =>
    inStatement(index, () => {
      const actions = matchActions(statement);
      const resources = matchResources(statement);
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
  const statements = parseStatements(documentOf(TrustStatement), document).map((statement, index) =>
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
