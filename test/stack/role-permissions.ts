import { flat, listOf, type Node, type Template } from './synthesize.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What a role allows, one `<action> <resource>` for each pair, sorted. The role is known by its logical id, without hash. */
export function permissionsOf(template: Template, role: string): string[] {
  return statementsOf(template, role).flatMap(pairs).sort();
}

export function statementsOf(template: Template, role: string): Statement[] {
  return policies(template)
    .filter(({ roles }) => roles.includes(`<${role}>`))
    .flatMap(({ statements }) => statements);
}

/** Every role that has a policy, as its logical id without hash. */
export function rolesOf(template: Template): string[] {
  return [...new Set(policies(template).flatMap(({ roles }) => roles))].map((role) => role.slice(1, -1));
}

function policies({ Resources }: Template): { roles: string[]; statements: Statement[] }[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy')
    .map(({ Properties }) => ({ roles: listOf(Properties.Roles).map(flat), statements: statementsIn(Properties) }));
}

function statementsIn({ PolicyDocument }: Node): Statement[] {
  return listOf(PolicyDocument?.Statement).map((statement) => statement as unknown as Statement);
}

function pairs({ Effect, Action, Resource }: Statement): string[] {
  if (Effect !== 'Allow') throw new Error(`${Effect} is not what these roles are made of`);
  const resources = (Array.isArray(Resource) ? Resource : [Resource]).map(flat).map(shortened);
  return [Action].flat().flatMap((action) => resources.map((resource) => `${action} ${resource}`));
}

/** `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/…` as `ecs:task/…`. */
function shortened(resource: string): string {
  return resource.replace(/^arn:<AWS::Partition>:(\w+):<AWS::Region>:<AWS::AccountId>:/, '$1:');
}
