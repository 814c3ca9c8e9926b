import {
  API_FUNCTION,
  API_ROLE,
  DISPATCHES,
  MAP_STOP_REASON,
  type Mutation,
  refTo,
  role,
  SETTLE,
  STATE_MACHINE,
  set,
  TASK_DEFINITION,
  TASK_ROLE,
  trust,
  unset,
  WORKFLOW_ROLE,
  without,
} from './template-surgery.ts';

const TABLES_AND_STORAGE: Mutation[] = [
  {
    title: 'a table whose key has another name',
    of: DISPATCHES,
    change: ({ Properties }) => {
      set(Properties.KeySchema[0], 'AttributeName', 'id');
      set(Properties.AttributeDefinitions[0], 'AttributeName', 'id');
    },
    named: 'outpost-dispatches',
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
      set(Environment.Variables, 'ARTIFACTS_BUCKET', 'outpost-context-000000000000-us-east-1'),
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
    title: 'a function that logs to a group that is not there',
    of: API_FUNCTION,
    change: ({ Properties }) => set(Properties.LoggingConfig, 'LogGroup', '/aws/lambda/outpost-appi'),
    named: 'outpost-api',
  },
];

const ROLES: Mutation[] = [
  {
    title: 'a task role that does not trust ECS',
    of: TASK_ROLE,
    change: ({ Properties }) => trust(Properties, 'lambda.amazonaws.com'),
  },
  without('s3:PutObject', 'AgentsRolesTask'),
  without('logs:CreateLogStream', 'AgentsRolesExecution'),
  without('iam:PassRole', 'WorkflowDispatchRole'),
  without('dynamodb:UpdateItem', 'WorkflowDispatchRole'),
  without('s3:GetObject', 'WorkflowStepsMapStopReasonRole'),
  without('events:PutEvents', 'WorkflowStepsRecordOutcomeRole'),
  without('states:StartExecution', 'ApiFunctionRole'),
  without('dynamodb:UpdateItem', 'TrackingTrackEcsFunctionRole'),
  { ...without('ecs:DescribeTasks', 'SettlementSettleFunctionRole'), inSettlement: true },
];

const WORKFLOW: Mutation[] = [
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
    title: 'a task definition of another family',
    of: TASK_DEFINITION,
    change: ({ Properties }) => set(Properties, 'Family', 'outpost-bash'),
    named: WORKFLOW_ROLE,
  },
];

/** Mistakes that show when functions start, or when a dispatch runs. */
export const OPERATION_MUTATIONS: readonly Mutation[] = [
  ...TABLES_AND_STORAGE,
  ...FUNCTIONS,
  ...ROLES,
  ...WORKFLOW,
  ...TASKS,
];
