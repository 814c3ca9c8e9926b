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
  /** Shows when an execution is stopped by hand, and not before. */
  readonly inSettlement?: true;
}

const DISPATCHES: Place = ['AWS::DynamoDB::Table', 'Storagedispatches'];
const API_FUNCTION = fn('ApiFunction');
const API_ROLE = role('ApiFunctionRole');
const MAP_STOP_REASON = fn('WorkflowStepsMapStopReasonFunction');
const SETTLE = fn('SettlementSettleFunction');
const SETTLE_ROLE = role('SettlementSettleRole');
const STATE_MACHINE: Place = ['AWS::StepFunctions::StateMachine', 'WorkflowStateMachine'];
const WORKFLOW_ROLE = role('WorkflowRole');
const TASK_DEFINITION: Place = ['AWS::ECS::TaskDefinition', 'AgentsshellTaskDefinition'];
const TASK_ROLE = role('AgentsRolesTask');
const RULE: Place = ['AWS::Events::Rule', 'SettlementExecutionEnded'];
const HTTP_API: Place = ['AWS::ApiGatewayV2::Api', 'ApiHttpApi'];
const INTEGRATION: Place = ['AWS::ApiGatewayV2::Integration', 'ApiHttpApiDefaultRouteFunction'];
const AGENT_LOG: Place = ['AWS::Logs::LogGroup', 'AgentsLog'];

const TABLES_AND_STORAGE: Mutation[] = [
  {
    title: 'an index whose key is not among the attributes',
    of: DISPATCHES,
    change: ({ Properties }) => set(Properties.GlobalSecondaryIndexes[0].KeySchema[0], 'AttributeName', 'state'),
  },
  {
    title: 'a table whose key has another name',
    of: DISPATCHES,
    change: ({ Properties }) => {
      set(Properties.KeySchema[0], 'AttributeName', 'id');
      set(Properties.AttributeDefinitions[0], 'AttributeName', 'id');
    },
    named: 'outpost-dispatches',
  },
  {
    title: 'a table that is gone, though others refer to it',
    of: ['AWS::DynamoDB::Table', 'Storagetenants'],
    change: remove,
  },
  {
    title: 'a resource of a type that is unknown',
    of: ['AWS::S3::Bucket', 'Storagecontext'],
    change: (bucket) => set(bucket, 'Type', 'AWS::S3::Bucketful'),
  },
  {
    title: 'a bus that is not there',
    of: ['AWS::Events::EventBus', 'EventsBus'],
    change: remove,
  },
];

const FUNCTIONS: Mutation[] = [
  {
    title: 'a function without one of its variables',
    of: API_FUNCTION,
    change: ({ Properties }) => unset(Properties.Environment.Variables, 'AGENT_LOG_GROUP'),
    named: 'outpost-api',
  },
  {
    title: 'a function with a variable that is misspelt',
    of: SETTLE,
    change: ({ Properties: { Environment } }) => {
      set(Environment.Variables, 'CLUSTR_ARN', Environment.Variables.CLUSTER_ARN);
      unset(Environment.Variables, 'CLUSTER_ARN');
    },
    named: 'outpost-settle',
  },
  {
    title: 'a function whose bucket is another one',
    of: MAP_STOP_REASON,
    change: ({ Properties: { Environment } }) =>
      set(Environment.Variables, 'ARTIFACTS_BUCKET', Environment.Variables.CONTEXT_BUCKET),
    named: role('WorkflowStepsMapStopReasonRole'),
  },
  {
    title: 'a function whose bus has another name',
    of: API_FUNCTION,
    change: ({ Properties }) => set(Properties.Environment.Variables, 'EVENT_BUS_NAME', 'outposts'),
    named: API_ROLE,
  },
  {
    title: 'a function whose handler is not exported',
    of: MAP_STOP_REASON,
    change: ({ Properties }) => set(Properties, 'Handler', 'index.main'),
    named: 'outpost-map-stop-reason',
  },
  {
    title: 'a function of another runtime',
    of: MAP_STOP_REASON,
    change: ({ Properties }) => set(Properties, 'Runtime', 'python3.13'),
  },
  {
    title: 'a function whose code is not among the assets',
    of: fn('WorkflowStepsCollectOutputFunction'),
    change: ({ Properties }) => set(Properties.Code, 'S3Key', `${'0'.repeat(64)}.zip`),
  },
  {
    title: 'a function that logs to a group that is not there',
    of: API_FUNCTION,
    change: ({ Properties }) => set(Properties.LoggingConfig, 'LogGroup', '/aws/lambda/outpost-appi'),
    named: 'outpost-api',
  },
];

const ROLES: Mutation[] = [
  {
    title: 'a function whose role trusts another service',
    of: role('WorkflowStepsRecordOutcomeRole'),
    change: ({ Properties }) => trust(Properties, 'ec2.amazonaws.com'),
  },
  {
    title: 'a role with another logical id than the one that is referred to',
    of: SETTLE_ROLE,
    change: (resource, template) => {
      const logicalId = find(template, SETTLE_ROLE);
      delete template.Resources[logicalId];
      template.Resources[`${logicalId}x`] = resource;
    },
  },
  {
    title: 'an attribute that roles do not have',
    of: MAP_STOP_REASON,
    change: ({ Properties }) => set(Properties.Role['Fn::GetAtt'], 1, 'RoleArn'),
  },
  {
    title: 'a task role that does not trust ECS',
    of: TASK_ROLE,
    change: ({ Properties }) => trust(Properties, 'lambda.amazonaws.com'),
  },
  without('s3:PutObject', 'AgentsRolesTask'),
  without('logs:CreateLogStream', 'AgentsRolesExecution'),
  without('iam:PassRole', 'WorkflowRole'),
  without('dynamodb:UpdateItem', 'WorkflowRole'),
  without('s3:GetObject', 'WorkflowStepsMapStopReasonRole'),
  without('events:PutEvents', 'WorkflowStepsRecordOutcomeRole'),
  without('states:StartExecution', 'ApiFunctionRole'),
  { ...without('ecs:DescribeTasks', 'SettlementSettleRole'), inSettlement: true },
];

const WORKFLOW: Mutation[] = [
  {
    title: 'a substitution that is missing',
    of: STATE_MACHINE,
    change: ({ Properties }) => unset(Properties.DefinitionSubstitutions, 'MaxRuns'),
  },
  {
    title: 'a substitution that nothing uses',
    of: STATE_MACHINE,
    change: ({ Properties }) => set(Properties.DefinitionSubstitutions, 'MaxRuns2', '3'),
  },
  {
    title: 'a substitution with the ARN of another function',
    of: STATE_MACHINE,
    change: ({ Properties: { DefinitionSubstitutions } }) =>
      set(DefinitionSubstitutions, 'MapStopReasonFunction', DefinitionSubstitutions.RecordOutcomeFunction),
    named: 'outpost-record-outcome',
  },
  {
    title: 'a substitution with the name of another table',
    of: STATE_MACHINE,
    change: ({ Properties }, template) =>
      set(
        Properties.DefinitionSubstitutions,
        'DispatchesTable',
        refTo(template, ['AWS::DynamoDB::Table', 'Storagetenants']),
      ),
    named: WORKFLOW_ROLE,
  },
  redefined('a field of a state that is misspelt', '"Next": "RunColdTask"', '"Nxt": "RunColdTask"'),
  redefined('a state that is not there', '"Next": "RunColdTask"', '"Next": "RunTask"'),
  redefined('an argument that the called API does not have', '"LaunchType"', '"LaunchKind"'),
  redefined('an expression that is none', "{% $states.input.status = 'SUCCESS' %}", '{% $states.input.status = %}'),
];

const TASKS: Mutation[] = [
  {
    title: 'an image that is not among the assets',
    of: TASK_DEFINITION,
    change: ({ Properties }) => set(Properties.ContainerDefinitions[0], 'Image', 'outpost:latest'),
    named: 'outpost-shell',
  },
  {
    title: 'a container of another name',
    of: TASK_DEFINITION,
    change: ({ Properties }) => set(Properties.ContainerDefinitions[0], 'Name', 'agent'),
    named: 'outpost-shell',
  },
  {
    title: 'a worker without one of its variables',
    of: TASK_DEFINITION,
    change: ({ Properties: { ContainerDefinitions } }) => set(ContainerDefinitions[0].Environment[1], 'Name', 'TABLE'),
    named: 'outpost-shell',
  },
  {
    title: "a task definition without the log driver's role",
    of: TASK_DEFINITION,
    change: ({ Properties }) => unset(Properties, 'ExecutionRoleArn'),
  },
  {
    title: 'a task definition of another family',
    of: TASK_DEFINITION,
    change: ({ Properties }) => set(Properties, 'Family', 'outpost-bash'),
    named: WORKFLOW_ROLE,
  },
  { title: 'a log group that is not there', of: AGENT_LOG, change: remove },
];

const EVENTS: Mutation[] = [
  pattern('with an operator that EventBridge does not have', RULE, ({ detail }) =>
    set(detail, 'status', [{ prefx: 'FAIL' }]),
  ),
  pattern('for a detail-type that is never published', 'outpost-execution-ended', (it) =>
    set(it, 'detail-type', ['Step Functions Execution Status Changed']),
  ),
  pattern('for a source that does not exist', 'outpost-execution-ended', (it) =>
    set(it, 'source', ['aws.stepfunctions']),
  ),
  pattern('for one status that does not exist', 'outpost-execution-ended', ({ detail }) =>
    set(detail, 'status', ['FAILED', 'TIMED_OUT', 'STOPPED']),
  ),
  pattern('for another state machine', 'outpost-execution-ended', ({ detail }, template) =>
    set(detail, 'stateMachineArn', [refTo(template, DISPATCHES)]),
  ),
  pattern('for a field that the detail does not have', 'outpost-execution-ended', ({ detail }) => {
    set(detail, 'stateMachine', detail.stateMachineArn);
  }),
  {
    title: 'a rule that may not invoke its target',
    of: ['AWS::Lambda::Permission', 'SettlementExecutionEndedAllowEventRuleoutpostSettlementSettleFunctionEB8C1CB0'],
    change: remove,
    named: 'outpost-execution-ended',
  },
];

const HTTP: Mutation[] = [
  {
    title: 'an HTTP API without a route',
    of: ['AWS::ApiGatewayV2::Route', 'ApiHttpApiDefaultRoute'],
    change: remove,
    named: HTTP_API,
  },
  {
    title: 'an HTTP API without a stage',
    of: ['AWS::ApiGatewayV2::Stage', 'ApiStage'],
    change: remove,
    named: HTTP_API,
  },
  {
    title: 'a route to another function',
    of: INTEGRATION,
    change: ({ Properties }, template) =>
      set(Properties, 'IntegrationUri', { 'Fn::GetAtt': [find(template, SETTLE), 'Arn'] }),
    named: 'outpost-settle',
  },
  {
    title: 'an integration of another payload format',
    of: INTEGRATION,
    change: ({ Properties }) => set(Properties, 'PayloadFormatVersion', '1.0'),
  },
];

export const MUTATIONS: readonly Mutation[] = [
  ...[...TABLES_AND_STORAGE, ...FUNCTIONS, ...ROLES],
  ...[...WORKFLOW, ...TASKS, ...EVENTS, ...HTTP],
];

/** The logical id of a resource; throws where the template does not hold exactly one such. */
export function find({ Resources }: Template, [type, id]: Place): string {
  const named = new RegExp(`^${id}[0-9A-F]{8}$`);
  const found = Object.keys(Resources).filter((it) => named.test(it) && Resources[it]?.Type === type);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new Error(`The template has ${found.length} resources ${id} of the type ${type}.`);
}

function fn(id: string): Place {
  return ['AWS::Lambda::Function', id];
}

function role(id: string): Place {
  return ['AWS::IAM::Role', id];
}

/** A role without one of the actions that its default policy allows. */
function without(action: string, roleId: string): Mutation {
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

/** A state machine with one piece of its definition written otherwise. */
function redefined(title: string, before: string, after: string): Mutation {
  const change: Mutation['change'] = ({ Properties }) =>
    set(Properties, 'DefinitionString', Properties.DefinitionString.replace(before, after));
  return { title, of: STATE_MACHINE, change };
}

function pattern(
  title: string,
  named: Place | string,
  change: (eventPattern: Resource['Properties'], template: Template) => void,
): Mutation {
  return {
    title: `a rule ${title}`,
    of: RULE,
    change: ({ Properties }, template) => change(Properties.EventPattern, template),
    named,
  };
}

function trust(properties: Resource['Properties'], service: string): void {
  set(properties.AssumeRolePolicyDocument.Statement[0].Principal, 'Service', service);
}

function remove(resource: Resource, { Resources }: Template): void {
  for (const id of Object.keys(Resources)) if (Resources[id] === resource) delete Resources[id];
}

function refTo(template: Template, place: Place): object {
  return { Ref: find(template, place) };
}

function set<Key extends PropertyKey>(object: Record<Key, unknown>, key: Key, value: unknown): void {
  object[key] = value;
}

function unset(object: Record<string, unknown>, key: string): void {
  delete object[key];
}
