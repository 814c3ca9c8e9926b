import type { AwsRequest, AwsService, CreateResource, LocalAws } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { servicePrincipalOf } from '../service-principal.ts';
import type { RequestContext } from './conditions.ts';
import type { Permission, PolicyStatement } from './policy-document.ts';
import { s3ListPermission } from './request-actions/s3.ts';
import { RequestActions } from './request-actions.ts';
import { requestContext } from './request-context.ts';
import { operatorRole, Roles } from './roles.ts';

/** The template's roles and policies, enforced. */
export interface Iam {
  readonly resources: Readonly<Record<string, CreateResource>>;
  /** Lets a request pass, or throws an `AwsError` with AWS's words. */
  readonly authorize: (request: AwsRequest) => Promise<void>;
  /** Whether a role exists and may be assumed by a service, e.g. `lambda.amazonaws.com`. */
  readonly trusts: (roleArn: string, servicePrincipal: string) => boolean;
  /** What a role's own policies say about a permission, whoever asks for it and without its context. */
  readonly verdictOf: (roleArn: string, permission: Permission) => 'Allow' | 'Deny' | undefined;
  /** S3, but answering 403 instead of 404 for a missing object to who may not list its bucket, as AWS does. */
  readonly hideMissingObjects: (s3: AwsService) => AwsService;
}

/** Services that ask resource policies of their own about a service principal such as `events.amazonaws.com`. */
const WITH_RESOURCE_POLICIES: ReadonlySet<string> = new Set(['lambda', 'sqs']);

/** JSON services that answer 403 to who may not; the others say 400. */
const FORBIDDEN: ReadonlySet<string> = new Set(['lambda', 'sqs']);

/** IAM without policies of its own: the template's roles, and an operator who may do everything. */
export function createIam(aws: LocalAws): Iam {
  const operator = operatorRole(aws);
  const roles = new Roles(aws);
  const actions = new RequestActions(aws, operator);
  const said = new Set<string>();
  /** Why a request may not do this; `undefined` where it may. */
  const refusal = (request: AwsRequest, permission: Permission): AwsError | undefined => {
    const { caller } = request;
    if (caller.roleArn === operator) return undefined;
    const statements = roles.find(caller.roleArn)?.statements ?? [];
    const why = decide(statements, permission, { ...requestContext(aws, caller), ...permission.context });
    return why === undefined ? undefined : accessDenied(aws, request, permission, why);
  };

  return {
    resources: {
      'AWS::IAM::Role': roles.createRole,
      'AWS::IAM::Policy': roles.createPolicy,
      'AWS::IAM::ManagedPolicy': roles.createManagedPolicy,
    },
    trusts: (roleArn, principal) =>
      roles.find(roleArn)?.trust(principal, { 'aws:SourceAccount': [aws.accountId] }) ?? false,
    verdictOf: (roleArn, permission) => {
      const statements = roles.find(roleArn)?.statements ?? [];
      const effects = statements.filter((statement) => statement.appliesTo(permission, {})).map(({ effect }) => effect);
      return effects.includes('Deny') ? 'Deny' : effects[0];
    },
    authorize: async (request) => {
      if (request.caller.roleArn === operator || asksResourcePolicies(request)) return;
      for (const permission of await actions.of(request)) {
        const refused = refusal(request, permission);
        if (!refused) continue;
        // Who is refused may retry for minutes, or keep it to itself: the operator hears of it at once, and once.
        const what = `${request.caller.roleArn} ${permission.action}`;
        if (!said.has(what)) aws.log(`iam: ${refused.message}`);
        said.add(what);
        throw refused;
      }
    },
    hideMissingObjects: (s3) => ({
      ...s3,
      handle: async (request) => {
        try {
          return await s3.handle(request);
        } catch (error) {
          const listing = isMissingObject(error) ? s3ListPermission(request) : undefined;
          throw (listing && refusal(request, listing)) ?? error;
        }
      },
    }),
  };
}

/** A service principal has no identity-based policies; some services have resource policies to ask about it. */
function asksResourcePolicies({ caller, service }: AwsRequest): boolean {
  return servicePrincipalOf(caller.roleArn) !== undefined && WITH_RESOURCE_POLICIES.has(service);
}

/** What is wrong with a permission in AWS's words; `undefined` where it is given. */
function decide(
  statements: readonly PolicyStatement[],
  permission: Permission,
  context: RequestContext,
): string | undefined {
  const applying = statements.filter((statement) => statement.appliesTo(permission, context));
  if (applying.some(({ effect }) => effect === 'Deny')) return 'with an explicit deny in an identity-based policy';
  return applying.length > 0 ? undefined : `because no identity-based policy allows the ${permission.action} action`;
}

function accessDenied(aws: LocalAws, request: AwsRequest, { action, resource }: Permission, why: string): AwsError {
  const { roleArn, sessionName } = request.caller;
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const user = `arn:aws:sts::${aws.accountId}:assumed-role/${roleName}/${sessionName}`;
  const quoted = request.service === 's3' ? `"${resource}"` : resource;
  const message = `User: ${user} is not authorized to perform: ${action} on resource: ${quoted} ${why}`;
  if (request.service === 's3') return new AwsError('AccessDenied', message, { status: 403 });
  return new AwsError('AccessDeniedException', message, { status: FORBIDDEN.has(request.service) ? 403 : 400 });
}

function isMissingObject(error: unknown): error is AwsError {
  return error instanceof AwsError && error.code === 'NoSuchKey';
}
