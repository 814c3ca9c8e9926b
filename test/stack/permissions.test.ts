import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { permissionsOf, rolesOf, statementsOf } from './role-permissions.ts';
import { flat, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const DISPATCHES = '<Storagedispatches.Arn>';
const TENANTS = '<Storagetenants.Arn>';
const IDEMPOTENCY = '<Storageidempotency.Arn>';
const OUTPUT = '<Storageartifacts.Arn>/dispatches/*';
const SPECS = '<Storagecontext.Arn>/dispatches/*';
const TASKS = 'ecs:task/<AgentsCluster>/*';

describe('the roles', () => {
  it.each([
    [
      'ApiFunctionRole',
      [
        `dynamodb:GetItem ${DISPATCHES}`,
        `dynamodb:PutItem ${DISPATCHES}`,
        `dynamodb:UpdateItem ${DISPATCHES}`,
        `dynamodb:GetItem ${TENANTS}`,
        `dynamodb:UpdateItem ${TENANTS}`,
        'dynamodb:GetItem <Storageapikeys.Arn>',
        `dynamodb:DeleteItem ${IDEMPOTENCY}`,
        `dynamodb:GetItem ${IDEMPOTENCY}`,
        `dynamodb:PutItem ${IDEMPOTENCY}`,
        `dynamodb:UpdateItem ${IDEMPOTENCY}`,
        `s3:GetObject ${OUTPUT}`,
        's3:ListBucket <Storageartifacts.Arn>',
        `s3:PutObject ${SPECS}`,
        `ecs:StopTask ${TASKS}`,
        'logs:GetLogEvents logs:log-group:<AgentsLog>:log-stream:*',
        'states:StartExecution <WorkflowStateMachine>',
        'states:GetExecutionHistory states:execution:<WorkflowStateMachine.Name>:*',
        'events:PutEvents <EventsBus.Arn>',
        ...ownLog('ApiFunction'),
      ],
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
      'SettlementSettleRole',
      [
        `dynamodb:GetItem ${DISPATCHES}`,
        `dynamodb:UpdateItem ${DISPATCHES}`,
        `dynamodb:UpdateItem ${TENANTS}`,
        `s3:GetObject ${OUTPUT}`,
        's3:ListBucket <Storageartifacts.Arn>',
        `ecs:StopTask ${TASKS}`,
        `ecs:DescribeTasks ${TASKS}`,
        'events:PutEvents <EventsBus.Arn>',
        ...ownLog('SettlementSettle'),
      ],
    ],
    [
      'AgentsRolesTask',
      [
        `dynamodb:GetItem ${DISPATCHES}`,
        `dynamodb:UpdateItem ${DISPATCHES}`,
        `s3:GetObject ${SPECS}`,
        `s3:PutObject ${OUTPUT}`,
        `s3:AbortMultipartUpload ${OUTPUT}`,
      ],
    ],
  ])('%s may do this and no more', (role, expected) => {
    const permissions = permissionsOf(template, role);

    expect(permissions).toEqual([...expected].sort());
  });

  it.each(rolesOf(template))('%s spells its actions out', (role) => {
    const actions = statementsOf(template, role).flatMap(({ Action }) => Action);

    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('name their resources, save for calls that know none', () => {
    const everything = rolesOf(template).flatMap((role) =>
      permissionsOf(template, role)
        .filter((permission) => permission.endsWith(' *'))
        .map((permission) => permission.replace(' *', '')),
    );

    expect(
      everything.filter((action) => !/^(xray:|logs:.*(Delivery|Deliveries|Groups|Policy|Policies)$)/.test(action)),
    ).toEqual(['ecr:GetAuthorizationToken']);
  });

  it('have no managed policy, whose content somebody else decides', () => {
    const managed = resourcesOf(template, 'AWS::IAM::Role').filter(({ Properties }) => Properties.ManagedPolicyArns);

    expect(managed).toEqual([]);
  });
});

describe('the state machine', () => {
  it('may make each of the calls that its states make', () => {
    const calls = callsOf(readFileSync(new URL('../../state-machines/dispatch.asl.json', import.meta.url), 'utf8'));

    const actions = statementsOf(template, 'WorkflowRole').flatMap(({ Action }) => Action);

    expect(calls.length).toBeGreaterThan(4);
    expect(actions).toEqual(expect.arrayContaining(calls));
  });

  it('may hear from ECS that a task has stopped', () => {
    const permissions = permissionsOf(template, 'WorkflowRole');

    const rule = 'events:rule/StepFunctionsGetEventsForECSTaskRule';
    expect(permissions).toEqual(
      expect.arrayContaining([`events:DescribeRule ${rule}`, `events:PutRule ${rule}`, `events:PutTargets ${rule}`]),
    );
  });

  it('runs the task definitions of available agents alone, on our cluster alone', () => {
    const [statement] = statementsOf(template, 'WorkflowRole').filter(({ Action }) => Action === 'ecs:RunTask');

    expect(flat(statement?.Resource)).toMatch(/:task-definition\/outpost-shell:\*$/);
    expect(statement?.Condition).toEqual({
      ArnEquals: { 'ecs:cluster': { 'Fn::GetAtt': [expect.any(String), 'Arn'] } },
    });
  });

  it('passes the two roles of an ECS task on to ECS, and to nobody else', () => {
    const [statement] = statementsOf(template, 'WorkflowRole').filter(({ Action }) => Action === 'iam:PassRole');

    expect([statement?.Resource].flat().map(flat).sort()).toEqual([
      '<AgentsRolesExecution.Arn>',
      '<AgentsRolesTask.Arn>',
    ]);
    expect(statement?.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
  });
});

function ownLog(owner: string): string[] {
  return [`logs:CreateLogStream <${owner}Log.Arn>`, `logs:PutLogEvents <${owner}Log.Arn>`];
}

/** The IAM actions of a definition's integrations: `…:::aws-sdk:ecs:stopTask` as `ecs:StopTask`. */
function callsOf(definition: string): string[] {
  const resources = [...definition.matchAll(/:states:::(?:aws-sdk:)?(\w+):(\w+)/g)];
  const actions = resources.map(([, service = '', call = '']) =>
    service === 'lambda' ? 'lambda:InvokeFunction' : `${service}:${call.charAt(0).toUpperCase()}${call.slice(1)}`,
  );
  return [...new Set(actions)];
}
