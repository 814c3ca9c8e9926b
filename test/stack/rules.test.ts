import { describe, expect, it } from 'vitest';
import { SWEEP_REPAIRS } from '../../core/metrics.ts';
import { flat, listOf, type Node, resourceNamed, resourcesOf, usualTemplate } from './synthesize.ts';

const template = usualTemplate();

describe('the rules', () => {
  it('are those that are tested here and with the warm pool', () => {
    const names = resourcesOf(template, 'AWS::Events::Rule').map(({ Properties }) => flat(Properties.Name));

    expect(names.sort()).toEqual([
      'outpost-archive-replayed',
      'outpost-ecs-task-changed',
      'outpost-execution-ended',
      'outpost-pool-demand',
      'outpost-pool-every-minute',
      'outpost-replay-requested',
      'outpost-sweep-every-minute',
    ]);
  });

  it('are all switched on', () => {
    const states = resourcesOf(template, 'AWS::Events::Rule').map(({ Properties }) => flat(Properties.State));

    expect(new Set(states)).toEqual(new Set(['ENABLED']));
  });

  it('hear of executions of ours that ended badly', () => {
    const { EventBusName, EventPattern } = rule('execution-ended');

    expect(EventBusName).toBeUndefined();
    expect(EventPattern).toEqual({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [expect.anything()] },
    });
    expect(flat(listOf(EventPattern?.detail?.stateMachineArn)[0])).toBe('<WorkflowDispatchStateMachine>');
  });

  it('hear of every ECS task of our cluster that is on its way, runs or has stopped', () => {
    const { EventBusName, EventPattern } = rule('ecs-task-changed');

    expect(EventBusName).toBeUndefined();
    expect(EventPattern).toEqual({
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: {
        clusterArn: [expect.anything()],
        lastStatus: ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', 'STOPPED'],
      },
    });
    expect(flat(listOf(EventPattern?.detail?.clusterArn)[0])).toBe('<AgentsCluster.Arn>');
  });

  it.each([
    ['replay-requested', 'Dispatch Replay Requested', false],
    ['archive-replayed', 'Dispatch Requested', true],
  ])('hear who asks for a replay, once: %s', (name, detailType, isReplay) => {
    const { EventBusName, EventPattern } = rule(name);

    expect(flat(EventBusName)).toBe('<EventsBus>');
    expect(EventPattern).toEqual({
      source: ['outpost'],
      'detail-type': [detailType],
      'replay-name': [{ exists: isReplay }],
    });
  });

  it('call for a sweep every minute', () => {
    const { ScheduleExpression } = rule('sweep-every-minute');

    expect(ScheduleExpression).toBe('rate(1 minute)');
  });
});

describe('the sweep', () => {
  it('rings an alarm where it had anything to put right, of whatever kind', () => {
    const { Metrics, ...alarm } = alarmNamed('sweep-repaired');

    const [sum, ...counts] = listOf(Metrics);

    expect(alarm).toMatchObject({
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
    expect(flat(sum?.Expression).split(' + ').sort()).toEqual(counts.map(({ Id }) => flat(Id)).sort());
    expect(counts.map(({ MetricStat }) => MetricStat?.Metric)).toEqual(
      SWEEP_REPAIRS.map((repair) => ({
        Namespace: 'Outpost',
        MetricName: 'SweepRepaired',
        Dimensions: [
          { Name: 'repair', Value: repair },
          { Name: 'service', Value: 'outpost' },
        ],
      })),
    );
  });

  it('rings an alarm where it has not run', () => {
    const { Dimensions, ...alarm } = alarmNamed('sweep-silent');

    expect(alarm).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Statistic: 'Sum',
      Period: 300,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    expect(listOf(Dimensions).map(({ Value }) => flat(Value))).toEqual(['<SweepingSweepFunction>']);
  });
});

function rule(name: string): Node {
  return resourceNamed(template, 'AWS::Events::Rule', 'Name', `outpost-${name}`).Properties;
}

function alarmNamed(name: string): Node {
  return resourceNamed(template, 'AWS::CloudWatch::Alarm', 'AlarmName', `outpost-${name}`).Properties;
}
