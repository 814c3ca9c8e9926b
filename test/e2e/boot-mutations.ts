import {
  AGENT_LOG,
  DISPATCHES,
  find,
  fn,
  HTTP_API,
  INTEGRATION,
  MAP_STOP_REASON,
  type Mutation,
  type Place,
  type Resource,
  RULE,
  refTo,
  remove,
  role,
  SETTLE,
  SETTLE_ROLE,
  STATE_MACHINE,
  set,
  TASK_DEFINITION,
  type Template,
  trust,
  unset,
  without,
} from './template-surgery.ts';

const TABLES_AND_STORAGE: Mutation[] = [
  {
    title: 'an index whose key is not among the attributes',
    of: DISPATCHES,
    change: ({ Properties }) => set(Properties.GlobalSecondaryIndexes[0].KeySchema[1], 'AttributeName', 'madeAt'),
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
    title: 'a function of another runtime',
    of: MAP_STOP_REASON,
    change: ({ Properties }) => set(Properties, 'Runtime', 'python3.13'),
  },
  {
    title: 'a function whose code is not among the assets',
    of: fn('WorkflowStepsCollectOutputFunction'),
    change: ({ Properties }) => set(Properties.Code, 'S3Key', `${'0'.repeat(64)}.zip`),
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
  redefined('a field of a state that is misspelt', '"Next": "ClaimWarmSlot"', '"Nxt": "ClaimWarmSlot"'),
  redefined('a state that is not there', '"Next": "ClaimWarmSlot"', '"Next": "ClaimSlot"'),
  redefined('an argument that the called API does not have', '"LaunchType"', '"LaunchKind"'),
  redefined('an expression that is none', "{% $states.input.status = 'SUCCESS' %}", '{% $states.input.status = %}'),
];

const TASKS: Mutation[] = [
  {
    title: "a task definition without the log driver's role",
    of: TASK_DEFINITION,
    change: ({ Properties }) => unset(Properties, 'ExecutionRoleArn'),
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
    of: ['AWS::Lambda::Permission', 'SettlementExecutionEndedAllowEventRuleoutpostSettlementSettleFunctionA00D733F'],
    change: remove,
    named: 'outpost-execution-ended',
  },
];

const DEAD_LETTERS: Mutation[] = [
  { title: 'a dead-letter queue that is gone', of: ['AWS::SQS::Queue', 'SettlementSettleDeadLetters'], change: remove },
  {
    title: 'a rule that may not write to its dead-letter queue',
    of: ['AWS::SQS::QueuePolicy', 'SettlementSettleDeadLettersPolicy'],
    change: ({ Properties: { PolicyDocument } }) =>
      set(
        PolicyDocument,
        'Statement',
        PolicyDocument.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Deny'),
      ),
    named: 'outpost-execution-ended',
  },
  { ...without('sqs:SendMessage', 'SettlementSettleFunctionRole'), named: 'outpost-settle' },
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

/** Mistakes that end the boot. */
export const BOOT_MUTATIONS: readonly Mutation[] = [
  ...TABLES_AND_STORAGE,
  ...FUNCTIONS,
  ...ROLES,
  ...WORKFLOW,
  ...TASKS,
  ...EVENTS,
  ...DEAD_LETTERS,
  ...HTTP,
];

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
