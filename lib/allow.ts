import { Stack, Validations } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam';

/** One statement of a role's policy, actions spelt out. */
export interface Permission extends Pick<PolicyStatementProps, 'conditions'> {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Why a resource must hold a `*`; without it cdk-nag refuses one. */
  readonly wildcard?: string;
}

/** Grants a role what it calls, and no more. */
export function allow(role: IRole, { actions, resources, wildcard, conditions }: Permission): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: [...actions], resources: [...resources], ...(conditions ? { conditions } : {}) }),
  );
  if (wildcard) acknowledgeWildcards(role, resources, wildcard);
}

/** Accepts exactly these resources' wildcards: cdk-nag names its findings after the resource, intrinsics flattened. */
export function acknowledgeWildcards(role: IRole, resources: readonly string[], reason: string): void {
  for (const resource of resources) {
    const name = flatten(Stack.of(role).resolve(resource));
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason });
  }
}

function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Intrinsic;
  if (ref) return `<${ref}>`;
  if (attribute) return `<${attribute.join('.')}>`;
  if (join) return join[1].map(flatten).join(join[0]);
  throw new Error(`A resource is named by Ref, Fn::GetAtt and Fn::Join: ${JSON.stringify(value)}`);
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly string[];
  readonly 'Fn::Join'?: readonly [delimiter: string, parts: readonly unknown[]];
}
