/** A resource of the template, by its type and its logical id without the hash that CDK puts behind it. */
export type Place = readonly [type: string, id: string];

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: mutations reach into properties of every shape.
  Properties: any;
}

export interface Template {
  Resources: Record<string, Resource>;
}

/** One small mistake in the template. */
export interface Mutation {
  readonly title: string;
  readonly of: Place;
  readonly change: (resource: Resource, template: Template) => void;
  /** What the error must name: a resource, or a name that AWS itself would say. @default the resource that is changed */
  readonly named?: Place | string;
  /** Whether it shows only where an execution is stopped by hand. @default false */
  readonly inSettlement?: true;
}

export const DISPATCHES: Place = ['AWS::DynamoDB::Table', 'Storagedispatches'];
export const API_FUNCTION = fn('ApiFunction');
export const API_ROLE = role('ApiFunctionRole');
export const MAP_STOP_REASON = fn('WorkflowStepsMapStopReasonFunction');
export const SETTLE = fn('SettlementSettleFunction');
export const SETTLE_ROLE = role('SettlementSettleFunctionRole');
export const STATE_MACHINE: Place = ['AWS::StepFunctions::StateMachine', 'WorkflowDispatchStateMachine'];
export const WORKFLOW_ROLE = role('WorkflowDispatchRole');
export const TASK_DEFINITION: Place = ['AWS::ECS::TaskDefinition', 'AgentsshellTaskDefinition'];
export const TASK_ROLE = role('AgentsRolesTask');
export const RULE: Place = ['AWS::Events::Rule', 'SettlementExecutionEnded'];
export const HTTP_API: Place = ['AWS::ApiGatewayV2::Api', 'ApiHttpApi'];
export const INTEGRATION: Place = ['AWS::ApiGatewayV2::Integration', 'ApiHttpApiDefaultRouteFunction'];
export const AGENT_LOG: Place = ['AWS::Logs::LogGroup', 'AgentsLog'];

/** The logical id of a resource; throws where the template does not hold exactly one such. */
export function find({ Resources }: Template, [type, id]: Place): string {
  const named = new RegExp(`^${id}[0-9A-F]{8}$`);
  const found = Object.keys(Resources).filter((it) => named.test(it) && Resources[it]?.Type === type);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new Error(`The template has ${found.length} resources ${id} of the type ${type}.`);
}

export function fn(id: string): Place {
  return ['AWS::Lambda::Function', id];
}

export function role(id: string): Place {
  return ['AWS::IAM::Role', id];
}

export function trust(properties: Resource['Properties'], service: string): void {
  set(properties.AssumeRolePolicyDocument.Statement[0].Principal, 'Service', service);
}

export function remove(resource: Resource, { Resources }: Template): void {
  for (const id of Object.keys(Resources)) if (Resources[id] === resource) delete Resources[id];
}

export function refTo(template: Template, place: Place): object {
  return { Ref: find(template, place) };
}

export function set<Key extends PropertyKey>(object: Record<Key, unknown>, key: Key, value: unknown): void {
  object[key] = value;
}

export function unset(object: Record<string, unknown>, key: string): void {
  delete object[key];
}

/** A role without one of the actions that its default policy allows. */
export function without(action: string, roleId: string): Mutation {
  return {
    title: `the role ${roleId} without ${action}`,
    of: ['AWS::IAM::Policy', `${roleId}DefaultPolicy`],
    change: ({ Properties: { PolicyDocument } }) => {
      for (const statement of PolicyDocument.Statement) {
        const actions = [statement.Action].flat().filter((it) => it !== action);
        statement.Action = actions.length > 0 ? actions : 'sts:GetCallerIdentity';
      }
    },
    named: role(roleId),
  };
}
