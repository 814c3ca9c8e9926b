import { z } from 'zod';
import { type RequestContext, readConditions } from './conditions.ts';
import { wildcard } from './patterns.ts';
import type { Permission } from './policy-document.ts';
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

const ResourceStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.strictObject({ Service: Texts.optional(), AWS: Texts.optional() })]),
  Action: Texts.optional(),
  NotAction: Texts.optional(),
  Resource: Texts.optional(),
  NotResource: Texts.optional(),
  Condition: ConditionBlock,
});

/** Who asks: an IAM role by its ARN, or a service such as `events.amazonaws.com` in its own name. */
export type Principal = { readonly role: string } | { readonly service: string };

/** A policy that hangs on a resource. */
export interface ResourcePolicy {
  /** What the statements that apply say; a denial outweighs. `undefined` where none applies. */
  decide(principal: Principal, permission: Permission, context: RequestContext): 'Allow' | 'Deny' | undefined;
}

/**
 * Reads a resource-based policy.
 * @throws Error naming the statement and what in it isn't understood
 */
export function readResourcePolicy(document: unknown): ResourcePolicy {
  const statements = parseStatements(documentOf(ResourceStatement), document).map((statement, index) =>
    inStatement(index, () => ({
      effect: statement.Effect,
      names: principalMatcher(statement.Principal),
      actions: matchActions(statement),
      resources: matchResources(statement),
      conditions: readConditions(statement.Condition),
    })),
  );
  return {
    decide: (principal, { action, resource }, context) => {
      const effects = statements
        .filter(({ names, actions, resources }) => names(principal) && actions(action) && resources(resource))
        .filter(({ conditions }) => allHold(conditions, context))
        .map(({ effect }) => effect);
      return effects.includes('Deny') ? 'Deny' : effects[0];
    },
  };
}

/** An account's number or its root user stand for every role of the account; there is one account here. */
function principalMatcher(named: z.output<typeof ResourceStatement>['Principal']): (principal: Principal) => boolean {
  if (named === '*' || named.AWS?.includes('*')) return () => true;
  const services = (named.Service ?? []).map((service) => wildcard(service));
  const roles = named.AWS ?? [];
  return (principal) =>
    'service' in principal
      ? services.some((matches) => matches(principal.service))
      : roles.some((role) => role === principal.role || isAccountOf(role, principal.role));
}

function isAccountOf(named: string, roleArn: string): boolean {
  const account = roleArn.split(':')[4] ?? '';
  return named === account || named === `arn:aws:iam::${account}:root`;
}
