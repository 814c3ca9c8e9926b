import { describe, expect, it } from 'vitest';
import { availableAgents } from '../../core/agents.ts';
import { SLOT_SECONDS, TOMBSTONE_MS } from '../../core/slot-times.ts';
import { AgentBounds, TaskDefinitions } from '../../lambdas/shared/pool-settings.ts';
import { flat, listOf, type Node, resourceNamed, synthesize } from './synthesize.ts';

const template = synthesize({ pool: 'claude=0-0,codex=0-0,gemini=1-1,aider=0-9,shell=1-2' });

describe('the warm pool', () => {
  it.each(['claim-slot', 'manage-pool'])('tells %s how many slots of which revision are wanted', (name) => {
    const variables = variablesOf(name);

    expect(AgentBounds.parse(flat(variables?.POOL_BOUNDS))).toEqual({
      claude: { min: 0, max: 0 },
      codex: { min: 0, max: 0 },
      gemini: { min: 1, max: 1 },
      aider: { min: 0, max: 9 },
      shell: { min: 1, max: 2 },
    });
    expect(TaskDefinitions.parse(flat(variables?.TASK_DEFINITIONS))).toEqual(
      Object.fromEntries(availableAgents().map((agent) => [agent, `<Agents${agent}TaskDefinition>`])),
    );
  });

  it.each(['api', 'claim-slot', 'reclaim-slot', 'manage-pool'])('lies in one table for all: %s', (name) => {
    expect(flat(variablesOf(name)?.POOL_TABLE)).toBe('<Storagepool>');
  });

  it('tells its manager where slots run', () => {
    const variables = variablesOf('manage-pool');

    expect(flat(variables?.WARM_SLOT_STATE_MACHINE_ARN)).toBe('<PoolSlotsStateMachine>');
    expect(flat(variables?.CLUSTER_ARN)).toBe('<AgentsCluster.Arn>');
    expect(flat(variables?.DISPATCHES_TABLE)).toBe('<Storagedispatches>');
  });

  it('lets a slot live as long as it may wait and then run, and keeps its tombstone for a while', () => {
    const { Properties } = resourceNamed(
      template,
      'AWS::StepFunctions::StateMachine',
      'StateMachineName',
      'outpost-warm-slot',
    );

    const given = Properties.DefinitionSubstitutions;

    expect(given?.SlotSeconds).toBe(`${SLOT_SECONDS}`);
    expect(given?.TombstoneSeconds).toBe(`${TOMBSTONE_MS / 1000}`);
    expect(JSON.parse(flat(Properties.DefinitionString)).TimeoutSeconds).toBeGreaterThan(SLOT_SECONDS);
  });

  it('is looked after every minute', () => {
    const { Properties } = resourceNamed(template, 'AWS::Events::Rule', 'Name', 'outpost-pool-every-minute');

    expect(Properties).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    expect(targetsOf(Properties)).toEqual(['<PoolManagePoolFunction.Arn>']);
  });

  it('is looked after at each claim and each miss, and not when they are replayed', () => {
    const { Properties } = resourceNamed(template, 'AWS::Events::Rule', 'Name', 'outpost-pool-demand');

    expect(flat(Properties.EventBusName)).toBe('<EventsBus>');
    expect(Properties.State).toBe('ENABLED');
    expect(Properties.EventPattern).toEqual({
      source: ['outpost'],
      'detail-type': ['Slot Claimed', 'Slot Missed'],
      'replay-name': [{ exists: false }],
    });
    expect(targetsOf(Properties)).toEqual(['<PoolManagePoolFunction.Arn>']);
  });
});

function variablesOf(name: string): Node | undefined {
  const { Properties } = resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `outpost-${name}`);
  return Properties.Environment?.Variables;
}

function targetsOf({ Targets }: Node): string[] {
  return listOf(Targets).map(({ Arn }) => flat(Arn));
}
