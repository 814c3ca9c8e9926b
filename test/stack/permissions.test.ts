import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { availableAgents } from '../../core/agents.ts';
import { DELIVER_LOGS_AND_TRACES, ROLES, RUN_ECS_TASKS } from './expected-permissions.ts';
import { permissionsOf, rolesOf, statementsOf } from './role-permissions.ts';
import { flat, resourcesOf, usualTemplate } from './synthesize.ts';

const template = usualTemplate();
const ON_OUR_CLUSTER = {
  ArnEquals: { 'ecs:cluster': { 'Fn::GetAtt': [expect.stringMatching(/^AgentsCluster/), 'Arn'] } },
};

describe('the roles', () => {
  it.each(ROLES)('%s may do this and no more', (role, expected) => {
    const permissions = permissionsOf(template, role);

    expect(permissions).toEqual([...expected].sort());
  });

  it('are those that are tested here', () => {
    const roles = rolesOf(template);

    expect(roles.sort()).toEqual(ROLES.map(([role]) => role).sort());
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
    ).toEqual(['ecr:GetAuthorizationToken', 'ecs:ListTasks']);
  });

  it('have no managed policy, whose content somebody else decides', () => {
    const managed = resourcesOf(template, 'AWS::IAM::Role').filter(({ Properties }) => Properties.ManagedPolicyArns);

    expect(managed).toEqual([]);
  });
});

describe('the manager of the pool', () => {
  it('lists the ECS tasks of our cluster alone', () => {
    const [statement] = statementsOf(template, 'PoolManagePoolFunctionRole').filter(
      ({ Action }) => Action === 'ecs:ListTasks',
    );

    expect(statement?.Condition).toEqual(ON_OUR_CLUSTER);
  });
});

const TASK_ROLES = ['<AgentsRolesExecution.Arn>', '<AgentsRolesTask.Arn>'];

describe.each([
  ['dispatch', 'WorkflowDispatchRole', ['', '-workspace'], [...TASK_ROLES, '<AgentsRolesWorkspaceTask.Arn>']],
  ['warm-slot', 'PoolSlotsRole', [''], TASK_ROLES],
])('the state machine %s', (name, role, kinds, taskRoles) => {
  it('may make each of the calls that its states make, and no other', () => {
    const calls = callsOf(readFileSync(new URL(`../../state-machines/${name}.asl.json`, import.meta.url), 'utf8'));

    const actions = permissionsOf(template, role)
      .filter((permission) => !DELIVER_LOGS_AND_TRACES.includes(permission))
      .map((permission) => permission.split(' ')[0]);

    const implied = RUN_ECS_TASKS.map((permission) => permission.split(' ')[0]);
    expect(calls).toContain('ecs:RunTask');
    expect(new Set(actions)).toEqual(new Set([...calls, ...implied]));
  });

  it('runs the task definitions of available agents alone, on our cluster alone', () => {
    const [statement] = statementsOf(template, role).filter(({ Action }) => Action === 'ecs:RunTask');

    expect(
      [statement?.Resource]
        .flat()
        .map(flat)
        .map((arn) => arn.replace(/^.*:task-definition/, '')),
    ).toEqual(
      availableAgents()
        .flatMap((agent) => kinds.map((kind) => `/outpost-${agent}${kind}:*`))
        .sort(),
    );
    expect(statement?.Condition).toEqual(ON_OUR_CLUSTER);
  });

  it('tags ECS tasks only as it runs them', () => {
    const [statement] = statementsOf(template, role).filter(({ Action }) => Action === 'ecs:TagResource');

    expect(statement?.Condition).toEqual({ StringEquals: { 'ecs:CreateAction': 'RunTask' } });
  });

  it('passes the roles of its ECS tasks on to ECS, and to nobody else', () => {
    const [statement] = statementsOf(template, role).filter(({ Action }) => Action === 'iam:PassRole');

    expect([statement?.Resource].flat().map(flat).sort()).toEqual(taskRoles);
    expect(statement?.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
  });
});

/** The IAM actions of a definition's integrations: `…:::aws-sdk:ecs:stopTask` as `ecs:StopTask`. */
function callsOf(definition: string): string[] {
  const resources = [...definition.matchAll(/:states:::(?:aws-sdk:)?(\w+):(\w+)/g)];
  const actions = resources.map(([, service = '', call = '']) =>
    service === 'lambda'
      ? 'lambda:InvokeFunction'
      : `${service === 'sfn' ? 'states' : service}:${call.charAt(0).toUpperCase()}${call.slice(1)}`,
  );
  return [...new Set(actions)];
}
