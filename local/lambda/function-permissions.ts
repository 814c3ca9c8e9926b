import { z } from 'zod';
import type { AwsRequest, ResourceValues, TemplateResource } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { SOURCE_ARN_HEADER, servicePrincipalOf } from '../service-principal.ts';

const PermissionProperties = z.strictObject({
  Action: z.enum(['lambda:InvokeFunction', 'lambda:*']),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});

/** One statement of a function's resource policy. */
export interface Permission {
  readonly id: string;
  readonly functionArn: string;
  readonly principal: string;
  readonly sourceArn: string | undefined;
  readonly sourceAccount: string | undefined;
}

/** The resource policies of the functions: which service may invoke which function, and for which of its resources. */
export class FunctionPermissions {
  private readonly byFunction = new Map<string, Permission[]>();

  /** @param arnOf the ARN of a function that is given by name or ARN */
  constructor(
    private readonly accountId: string,
    private readonly arnOf: (name: string) => string,
  ) {}

  /** Reads `AWS::Lambda::Permission`. */
  read(resource: TemplateResource): Permission {
    const properties = parseProperties(PermissionProperties, resource);
    return {
      id: generatedName(resource),
      functionArn: this.arnOf(properties.FunctionName),
      principal: properties.Principal,
      sourceArn: properties.SourceArn,
      sourceAccount: properties.SourceAccount,
    };
  }

  add(permission: Permission): ResourceValues {
    const { id, functionArn } = permission;
    this.byFunction.set(functionArn, [...(this.byFunction.get(functionArn) ?? []), permission]);
    return { ref: id, attributes: { Id: id } };
  }

  /**
   * Lets a service invoke a function only where a permission names it and the resource it calls for. Throws
   * `AccessDeniedException` otherwise. Any other caller has been judged by its identity policies already.
   */
  check(functionArn: string, request: AwsRequest): void {
    const principal = servicePrincipalOf(request.caller.roleArn);
    if (principal === undefined) return;
    const sourceArn = String(request.headers[SOURCE_ARN_HEADER] ?? '');
    const granted = (this.byFunction.get(functionArn) ?? []).some(
      (permission) =>
        permission.principal === principal &&
        (permission.sourceArn === undefined || matchesArn(permission.sourceArn, sourceArn)) &&
        (permission.sourceAccount === undefined || permission.sourceAccount === this.accountId),
    );
    if (granted) return;
    throw new AwsError(
      'AccessDeniedException',
      `User: ${principal} is not authorized to perform: lambda:InvokeFunction on resource: ${functionArn} because no ` +
        `resource-based policy allows the lambda:InvokeFunction action for ${sourceArn || 'it'}`,
      { status: 403 },
    );
  }
}

/** ArnLike, as Lambda compares a source: `*` is any text, `?` any one character. */
function matchesArn(pattern: string, arn: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(arn);
}
