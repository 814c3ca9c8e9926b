import { describe, expect, it } from 'vitest';
import { flat, listOf, type Node, type Resource, resourceNamed, resourcesOf, usualTemplate } from './synthesize.ts';

const template = usualTemplate();

/** The functions that nobody waits for, their construct, tries after the first, an event's seconds, and their rules. */
const CONSUMERS: [name: string, id: string, retries: number, maxAge: number, rules: string[]][] = [
  ['manage-pool', 'PoolManagePool', 0, 300, ['PoolDemand', 'PoolEveryMinute']],
  ['settle', 'SettlementSettle', 2, 21_600, ['SettlementExecutionEnded']],
  ['track-ecs', 'TrackingTrackEcs', 2, 21_600, ['TrackingStateChange']],
  ['sweep', 'SweepingSweep', 0, 300, ['SweepingEveryMinute']],
  ['replay', 'ReplaysReplay', 2, 21_600, ['ReplaysFromArchive', 'ReplaysRequested']],
];

describe.each(CONSUMERS)('the function %s, which nobody waits for,', (name, id, retries, maxAge, rules) => {
  const queue = `<${id}DeadLetters.Arn>`;

  it('is tried again, unless it runs again anyhow', () => {
    const [config] = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').filter(
      ({ Properties }) => flat(Properties.FunctionName) === `<${id}Function>`,
    );

    expect(config?.Properties).toMatchObject({ MaximumRetryAttempts: retries, MaximumEventAgeInSeconds: maxAge });
  });

  it('leaves what it could not do in a queue of its own, for two weeks', () => {
    const { Properties } = resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `outpost-${name}`);
    const letters = resourceNamed(template, 'AWS::SQS::Queue', 'QueueName', `outpost-${name}-dead-letters`);

    expect(flat(Properties.DeadLetterConfig?.TargetArn)).toBe(queue);
    expect(letters.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 86_400, SqsManagedSseEnabled: true });
  });

  it('is called by these rules, and what they cannot hand over lies in the same queue', () => {
    const targets = rulesWithTargets().filter(({ target }) => flat(target.Arn) === `<${id}Function.Arn>`);

    expect(targets.map(({ rule }) => rule).sort()).toEqual(rules);
    for (const { target } of targets) {
      expect(flat(target.DeadLetterConfig?.Arn)).toBe(queue);
      expect(target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: maxAge, MaximumRetryAttempts: 185 });
    }
  });

  it('may be called by these rules and no others, and these alone may write to the queue', () => {
    const callers = resourcesOf(template, 'AWS::Lambda::Permission')
      .filter(({ Properties }) => flat(Properties.FunctionName) === `<${id}Function.Arn>`)
      .map(({ Properties }) => flat(Properties.SourceArn));
    const [policy] = resourcesOf(template, 'AWS::SQS::QueuePolicy').filter(
      ({ Properties }) => flat(listOf(Properties.Queues)[0]) === `<${id}DeadLetters>`,
    );

    const statements = listOf(policy?.Properties.PolicyDocument?.Statement);

    const writers = statements
      .filter(({ Effect }) => flat(Effect) === 'Allow')
      .map(({ Condition }) => flat(Condition?.ArnEquals?.['aws:SourceArn']));
    expect(callers.sort()).toEqual(rules.map((rule) => `<${rule}.Arn>`));
    expect(writers.sort()).toEqual(rules.map((rule) => `<${rule}.Arn>`));
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });

  it('rings an alarm as soon as anything lies in the queue', () => {
    const { Properties } = resourceNamed(
      template,
      'AWS::CloudWatch::Alarm',
      'AlarmName',
      `outpost-${name}-dead-letters`,
    );

    expect(Properties).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
    const [queueName] = listOf(Properties.Dimensions);
    expect(flat(queueName?.Value)).toBe(`<${id}DeadLetters.QueueName>`);
  });
});

describe('the functions that nobody waits for', () => {
  it('are all that a rule or an asynchronous call can reach', () => {
    const called = rulesWithTargets().map(({ target }) => flat(target.Arn));
    const configured = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) =>
      flat(Properties.FunctionName),
    );

    expect([...new Set(called)].sort()).toEqual(CONSUMERS.map(([, id]) => `<${id}Function.Arn>`).sort());
    expect(configured.sort()).toEqual(CONSUMERS.map(([, id]) => `<${id}Function>`).sort());
  });

  it.each(['track-ecs', 'sweep'])('are told which of them settles: %s', (name) => {
    const { Properties } = resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `outpost-${name}`);

    expect(flat(Properties.Environment?.Variables?.SETTLE_FUNCTION)).toBe('<SettlementSettleFunction>');
  });
});

function rulesWithTargets(): { rule: string; target: Node }[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]: [string, Resource]) => Type === 'AWS::Events::Rule')
    .flatMap(([logicalId, { Properties }]) =>
      listOf(Properties.Targets).map((target) => ({ rule: logicalId.replace(/[0-9A-F]{8}$/, ''), target })),
    );
}
