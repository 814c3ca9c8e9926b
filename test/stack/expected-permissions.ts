import { availableAgents } from '../../core/agents.ts';

const DISPATCHES = '<Storagedispatches.Arn>';
const POOL = '<Storagepool.Arn>';
const TENANTS = '<Storagetenants.Arn>';
const IDEMPOTENCY = '<Storageidempotency.Arn>';
const WORKSPACES = '<Storageworkspaces.Arn>';
const FILE_SYSTEM = '<AgentsWorkspacesFileSystem.Arn>';
const OUTPUT = '<Storageartifacts.Arn>/dispatches/*';
const SPECS = '<Storagecontext.Arn>/dispatches/*';
const TASKS = 'ecs:task/<AgentsCluster>/*';
const IMAGES = 'ecr:repository/cdk-hnb659fds-container-assets-<AWS::AccountId>-<AWS::Region>';
const DISPATCH_EXECUTIONS = 'states:execution:<WorkflowDispatchStateMachine.Name>:*';
const SLOT_EXECUTIONS = 'states:execution:<PoolSlotsStateMachine.Name>:*';
const FIND_BY_STATUS = `dynamodb:Query ${DISPATCHES}/index/status-createdAt-index`;

const READ_SECRET = 'secretsmanager:GetSecretValue secretsmanager:secret:/outpost';
/** The keys that the platform may hold, each by its name. */
const SYSTEM_SECRETS = [
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'DEEPSEEK_API_KEY',
  'XAI_API_KEY',
  'AWS_BEARER_TOKEN_BEDROCK',
  'GITHUB_PAT',
];

/** What `ecs:runTask.sync` asks for. */
const RULE = 'events:rule/StepFunctionsGetEventsForECSTaskRule';
export const RUN_SLOTS = [
  ...availableAgents().map((agent) => `ecs:RunTask ecs:task-definition/outpost-${agent}:*`),
  `ecs:StopTask ${TASKS}`,
  `ecs:DescribeTasks ${TASKS}`,
  `ecs:TagResource ${TASKS}`,
  'iam:PassRole <AgentsRolesExecution.Arn>',
  'iam:PassRole <AgentsRolesTask.Arn>',
  `events:DescribeRule ${RULE}`,
  `events:PutRule ${RULE}`,
  `events:PutTargets ${RULE}`,
];
/** The same with persistent workspaces. */
export const RUN_ECS_TASKS = [
  ...RUN_SLOTS,
  ...availableAgents().map((agent) => `ecs:RunTask ecs:task-definition/outpost-${agent}-workspace:*`),
  'iam:PassRole <AgentsRolesWorkspaceTask.Arn>',
];

/** What a state machine with a log and traces is given by CDK. */
export const DELIVER_LOGS_AND_TRACES = [
  'logs:CreateLogDelivery *',
  'logs:DeleteLogDelivery *',
  'logs:DescribeLogGroups *',
  'logs:DescribeResourcePolicies *',
  'logs:GetLogDelivery *',
  'logs:ListLogDeliveries *',
  'logs:PutResourcePolicy *',
  'logs:UpdateLogDelivery *',
  'xray:GetSamplingRules *',
  'xray:GetSamplingTargets *',
  'xray:PutTelemetryRecords *',
  'xray:PutTraceSegments *',
];

/** What each role may do, known by its logical id, and no more: `<action> <resource>`. */
export const ROLES: [role: string, permissions: string[]][] = [
  [
    'ApiFunctionRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:PutItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      FIND_BY_STATUS,
      `dynamodb:Query ${POOL}`,
      `dynamodb:GetItem ${TENANTS}`,
      `dynamodb:UpdateItem ${TENANTS}`,
      'dynamodb:GetItem <Storageapikeys.Arn>',
      `dynamodb:DeleteItem ${IDEMPOTENCY}`,
      `dynamodb:GetItem ${IDEMPOTENCY}`,
      `dynamodb:PutItem ${IDEMPOTENCY}`,
      `dynamodb:UpdateItem ${IDEMPOTENCY}`,
      `s3:GetObject ${OUTPUT}`,
      's3:ListBucket <Storageartifacts.Arn>',
      `s3:GetObject ${SPECS}`,
      `s3:PutObject ${SPECS}`,
      's3:ListBucket <Storagecontext.Arn>',
      `ecs:StopTask ${TASKS}`,
      'logs:GetLogEvents logs:log-group:<AgentsLog>:log-stream:*',
      'states:StartExecution <WorkflowDispatchStateMachine>',
      `states:GetExecutionHistory ${DISPATCH_EXECUTIONS}`,
      'events:PutEvents <EventsBus.Arn>',
      ...ownLog('ApiFunction'),
    ],
  ],
  [
    'WorkflowStepsClaimSlotRole',
    [
      `dynamodb:Query ${POOL}`,
      `dynamodb:UpdateItem ${POOL}`,
      'events:PutEvents <EventsBus.Arn>',
      ...ownLog('WorkflowStepsClaimSlot'),
    ],
  ],
  [
    'WorkflowStepsReclaimSlotRole',
    [`dynamodb:GetItem ${POOL}`, `dynamodb:UpdateItem ${POOL}`, ...ownLog('WorkflowStepsReclaimSlot')],
  ],
  [
    'WorkflowStepsMapStopReasonRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `s3:GetObject ${OUTPUT}`,
      's3:ListBucket <Storageartifacts.Arn>',
      ...ownLog('WorkflowStepsMapStopReason'),
    ],
  ],
  [
    'WorkflowStepsCollectOutputRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `s3:GetObject ${OUTPUT}`,
      's3:ListBucket <Storageartifacts.Arn>',
      `s3:PutObject ${OUTPUT}/manifest.json`,
      ...ownLog('WorkflowStepsCollectOutput'),
    ],
  ],
  [
    'WorkflowStepsRecordOutcomeRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${TENANTS}`,
      'events:PutEvents <EventsBus.Arn>',
      ...ownLog('WorkflowStepsRecordOutcome'),
    ],
  ],
  [
    'WorkflowDispatchRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${POOL}`,
      'lambda:InvokeFunction <WorkflowStepsClaimSlotFunction.Arn>',
      'lambda:InvokeFunction <WorkflowStepsReclaimSlotFunction.Arn>',
      'lambda:InvokeFunction <WorkflowStepsMapStopReasonFunction.Arn>',
      'lambda:InvokeFunction <WorkflowStepsCollectOutputFunction.Arn>',
      'lambda:InvokeFunction <WorkflowStepsRecordOutcomeFunction.Arn>',
      ...RUN_ECS_TASKS,
      ...DELIVER_LOGS_AND_TRACES,
    ],
  ],
  [
    'PoolSlotsRole',
    [
      `dynamodb:UpdateItem ${POOL}`,
      'states:SendTaskSuccess <WorkflowDispatchStateMachine>',
      ...RUN_SLOTS,
      ...DELIVER_LOGS_AND_TRACES,
    ],
  ],
  [
    'PoolManagePoolFunctionRole',
    [
      `dynamodb:DeleteItem ${POOL}`,
      `dynamodb:GetItem ${POOL}`,
      `dynamodb:PutItem ${POOL}`,
      `dynamodb:Query ${POOL}`,
      `dynamodb:UpdateItem ${POOL}`,
      `dynamodb:GetItem ${DISPATCHES}`,
      FIND_BY_STATUS,
      'states:StartExecution <PoolSlotsStateMachine>',
      `states:DescribeExecution ${SLOT_EXECUTIONS}`,
      'states:SendTaskSuccess <WorkflowDispatchStateMachine>',
      'ecs:ListTasks *',
      `ecs:DescribeTasks ${TASKS}`,
      `ecs:StopTask ${TASKS}`,
      'sqs:SendMessage <PoolManagePoolDeadLetters.Arn>',
      ...ownLog('PoolManagePoolFunction'),
    ],
  ],
  [
    'SettlementSettleFunctionRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${TENANTS}`,
      `dynamodb:Query ${POOL}`,
      `s3:GetObject ${OUTPUT}`,
      's3:ListBucket <Storageartifacts.Arn>',
      `s3:PutObject ${OUTPUT}/manifest.json`,
      `ecs:StopTask ${TASKS}`,
      `ecs:DescribeTasks ${TASKS}`,
      `states:DescribeExecution ${DISPATCH_EXECUTIONS}`,
      'events:PutEvents <EventsBus.Arn>',
      'sqs:SendMessage <SettlementSettleDeadLetters.Arn>',
      ...ownLog('SettlementSettleFunction'),
    ],
  ],
  [
    'TrackingTrackEcsFunctionRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:Query ${DISPATCHES}/index/task_arn-index`,
      `dynamodb:GetItem ${POOL}`,
      `dynamodb:UpdateItem ${POOL}`,
      `states:DescribeExecution ${DISPATCH_EXECUTIONS}`,
      `states:DescribeExecution ${SLOT_EXECUTIONS}`,
      'states:SendTaskSuccess <WorkflowDispatchStateMachine>',
      `ecs:StopTask ${TASKS}`,
      'lambda:InvokeFunction <SettlementSettleFunction.Arn>',
      'sqs:SendMessage <TrackingTrackEcsDeadLetters.Arn>',
      ...ownLog('TrackingTrackEcsFunction'),
    ],
  ],
  [
    'SweepingSweepFunctionRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      FIND_BY_STATUS,
      `dynamodb:Query ${DISPATCHES}/index/unpublished-endedAt-index`,
      `dynamodb:Scan ${TENANTS}`,
      `dynamodb:UpdateItem ${TENANTS}`,
      `dynamodb:GetItem ${POOL}`,
      `dynamodb:PutItem ${POOL}`,
      'states:StartExecution <WorkflowDispatchStateMachine>',
      'states:ListExecutions <WorkflowDispatchStateMachine>',
      `states:DescribeExecution ${DISPATCH_EXECUTIONS}`,
      `ecs:DescribeTasks ${TASKS}`,
      `ecs:StopTask ${TASKS}`,
      'events:PutEvents <EventsBus.Arn>',
      'lambda:InvokeFunction <SettlementSettleFunction.Arn>',
      'sqs:SendMessage <SweepingSweepDeadLetters.Arn>',
      ...ownLog('SweepingSweepFunction'),
    ],
  ],
  [
    'ReplaysReplayFunctionRole',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:GetItem ${TENANTS}`,
      `dynamodb:UpdateItem ${TENANTS}`,
      `s3:GetObject ${SPECS}`,
      `s3:PutObject ${SPECS}`,
      's3:ListBucket <Storagecontext.Arn>',
      'states:StartExecution <WorkflowDispatchStateMachine>',
      'events:PutEvents <EventsBus.Arn>',
      'sqs:SendMessage <ReplaysReplayDeadLetters.Arn>',
      ...ownLog('ReplaysReplayFunction'),
    ],
  ],
  [
    'AgentsRolesTask',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:GetItem ${POOL}`,
      `dynamodb:UpdateItem ${POOL}`,
      'states:SendTaskSuccess <WorkflowDispatchStateMachine>',
      'states:SendTaskHeartbeat <WorkflowDispatchStateMachine>',
      `s3:GetObject ${SPECS}`,
      `s3:PutObject ${OUTPUT}`,
      `s3:AbortMultipartUpload ${OUTPUT}`,
      `s3:DeleteObject ${OUTPUT}/checkpoints/*`,
      's3:ListBucket <Storageartifacts.Arn>',
      ...SYSTEM_SECRETS.map((name) => `${READ_SECRET}/system/${name}-??????`),
      `${READ_SECRET}/users/*/*`,
    ],
  ],
  [
    'AgentsRolesWorkspaceTask',
    [
      `dynamodb:GetItem ${DISPATCHES}`,
      `dynamodb:UpdateItem ${DISPATCHES}`,
      `dynamodb:GetItem ${WORKSPACES}`,
      `dynamodb:UpdateItem ${WORKSPACES}`,
      `elasticfilesystem:ClientMount ${FILE_SYSTEM}`,
      `elasticfilesystem:ClientRootAccess ${FILE_SYSTEM}`,
      `elasticfilesystem:ClientWrite ${FILE_SYSTEM}`,
      `s3:GetObject ${SPECS}`,
      `s3:PutObject ${OUTPUT}`,
      `s3:AbortMultipartUpload ${OUTPUT}`,
      `s3:DeleteObject ${OUTPUT}/checkpoints/*`,
      's3:ListBucket <Storageartifacts.Arn>',
      ...SYSTEM_SECRETS.map((name) => `${READ_SECRET}/system/${name}-??????`),
      `${READ_SECRET}/users/*/*`,
    ],
  ],
  [
    'AgentsRolesExecution',
    [
      'ecr:GetAuthorizationToken *',
      `ecr:BatchCheckLayerAvailability ${IMAGES}`,
      `ecr:BatchGetImage ${IMAGES}`,
      `ecr:GetDownloadUrlForLayer ${IMAGES}`,
      ...ownLog('Agents'),
    ],
  ],
  [
    'AgentsNetworkVpcFlowLogIAMRole',
    ['logs:DescribeLogStreams <AgentsNetworkFlowLogGroup.Arn>', ...writeLog('AgentsNetworkFlowLogGroup')],
  ],
];

function ownLog(owner: string): string[] {
  return writeLog(`${owner}Log`);
}

function writeLog(group: string): string[] {
  return [`logs:CreateLogStream <${group}.Arn>`, `logs:PutLogEvents <${group}.Arn>`];
}
