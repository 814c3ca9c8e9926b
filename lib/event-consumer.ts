import { Duration, Validations } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OutpostFunction, type OutpostFunctionProps } from './outpost-function.ts';

export interface EventConsumerProps extends Omit<OutpostFunctionProps, 'asynchronous'> {
  /** How long an event may wait before it is given up. */
  readonly maxEventAge: Duration;
  /** How often Lambda calls again where the function failed. */
  readonly retryAttempts: 0 | 1 | 2;
}

/**
 * A function that nobody waits for. What it could not do in all its tries, and what EventBridge could not hand it, lies in
 * the queue `<prefix>-<name>-dead-letters`, whose alarm rings; `npm run redrive` sends it back.
 */
export class EventConsumer extends Construct {
  readonly function: IFunction;

  private readonly deadLetters: Queue;
  private readonly maxEventAge: Duration;

  constructor(scope: Construct, id: string, { maxEventAge, retryAttempts, ...props }: EventConsumerProps) {
    super(scope, id);
    const queueName = `${props.settings.prefix}-${props.name}-dead-letters`;
    this.maxEventAge = maxEventAge;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName,
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: props.settings.removalPolicy,
    });
    Validations.of(this.deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue itself.',
    });
    this.deadLetters
      .metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1) })
      .createAlarm(this, 'Alarm', {
        alarmName: queueName,
        alarmDescription: `${props.name} could not handle an event. See "Dead letters" in the runbook.`,
        threshold: 0,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 1,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
    this.function = new OutpostFunction(this, 'Function', {
      ...props,
      asynchronous: { maxEventAge, retryAttempts, deadLetterQueue: this.deadLetters },
    }).function;
  }

  /** For a rule: what Lambda does not take is tried again, and goes to the same queue in the end. */
  get target(): IRuleTarget {
    return new LambdaTarget(this.function, {
      deadLetterQueue: this.deadLetters,
      maxEventAge: this.maxEventAge,
      retryAttempts: 185,
    });
  }
}
