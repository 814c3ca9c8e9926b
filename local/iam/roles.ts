import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { CreateResource, LocalAws } from '../aws-service.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { managedPolicy } from './managed-policies.ts';
import { type PolicyStatement, readPolicy, readTrustPolicy, type TrustPolicy } from './policy-document.ts';

const NamedPolicy = z.strictObject({ PolicyName: z.string(), PolicyDocument: z.unknown() });
const NoOne = z.array(z.never()).max(0).optional();

const RoleProperties = z.strictObject({
  AssumeRolePolicyDocument: z.unknown(),
  RoleName: z.string().min(1).max(64).optional(),
  Path: z.string().default('/'),
  ManagedPolicyArns: z.array(z.string()).default([]),
  Policies: z.array(NamedPolicy).default([]),
  Description: z.unknown().optional(),
  MaxSessionDuration: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

const PolicyProperties = NamedPolicy.extend({ Roles: z.array(z.string()).default([]), Users: NoOne, Groups: NoOne });

const ManagedPolicyProperties = z.strictObject({
  PolicyDocument: z.unknown(),
  ManagedPolicyName: z.string().optional(),
  Path: z.string().default('/'),
  Roles: z.array(z.string()).default([]),
  Users: NoOne,
  Groups: NoOne,
  Description: z.unknown().optional(),
});

/** A role: who may assume it, and the statements of all policies that it has. */
export interface Role {
  readonly arn: string;
  readonly name: string;
  readonly trust: TrustPolicy;
  readonly statements: PolicyStatement[];
}

/** The role that no template declares, and that may do everything: the person at this machine. */
export function operatorRole({ accountId }: LocalAws): string {
  return `arn:aws:iam::${accountId}:role/operator`;
}

/** The roles and policies of the template. */
export class Roles {
  private readonly byArn = new Map<string, Role>();
  private readonly policies = new Map<string, PolicyStatement[]>();

  constructor(private readonly aws: LocalAws) {}

  find(arn: string): Role | undefined {
    return this.byArn.get(arn);
  }

  readonly createRole: CreateResource = (resource) => {
    const properties = parseProperties(RoleProperties, resource);
    const name = properties.RoleName ?? generatedName(resource);
    const arn = `arn:aws:iam::${this.aws.accountId}:role${properties.Path}${name}`;
    if (arn === operatorRole(this.aws)) throw new Error(`RoleName: '${name}' is the person at this machine`);
    const inline = properties.Policies.flatMap(({ PolicyName, PolicyDocument }) => read(PolicyName, PolicyDocument));
    const managed = properties.ManagedPolicyArns.flatMap((policy) => this.managed(policy));
    const trust = named('AssumeRolePolicyDocument', () => readTrustPolicy(properties.AssumeRolePolicyDocument));
    this.byArn.set(arn, { arn, name, trust, statements: [...inline, ...managed] });
    return { ref: name, attributes: { Arn: arn, RoleId: uniqueId('AROA', arn) } };
  };

  readonly createPolicy: CreateResource = (resource) => {
    const { PolicyName, PolicyDocument, Roles: names } = parseProperties(PolicyProperties, resource);
    this.attach(names, read(PolicyName, PolicyDocument));
    return { ref: PolicyName, attributes: { Id: PolicyName } };
  };

  readonly createManagedPolicy: CreateResource = (resource) => {
    const properties = parseProperties(ManagedPolicyProperties, resource);
    const name = properties.ManagedPolicyName ?? generatedName(resource);
    const arn = `arn:aws:iam::${this.aws.accountId}:policy${properties.Path}${name}`;
    const statements = read(name, properties.PolicyDocument);
    this.policies.set(arn, statements);
    this.attach(properties.Roles, statements);
    return { ref: arn, attributes: { PolicyArn: arn, PolicyId: uniqueId('ANPA', arn) } };
  };

  private attach(names: readonly string[], statements: readonly PolicyStatement[]): void {
    for (const name of names) {
      const role = [...this.byArn.values()].find((it) => it.name === name);
      if (!role) throw new Error(`Roles: there is no role '${name}'`);
      role.statements.push(...statements);
    }
  }

  private managed(arn: string): readonly PolicyStatement[] {
    const own = this.policies.get(arn);
    if (own) return own;
    const document = managedPolicy(arn);
    if (document) return read(arn, document);
    throw new Error(`ManagedPolicyArns: the embedded AWS doesn't know what ${arn} allows`);
  }
}

function read(policyName: string, document: unknown): PolicyStatement[] {
  return named(`the policy ${policyName}`, () => readPolicy(document));
}

function named<T>(what: string, readIt: () => T): T {
  try {
    return readIt();
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function uniqueId(prefix: string, arn: string): string {
  return `${prefix}${createHash('sha256').update(arn).digest('hex').slice(0, 17).toUpperCase()}`;
}
