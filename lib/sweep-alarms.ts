import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE, METRIC_SERVICE, METRICS, SWEEP_REPAIRS } from '../core/metrics.ts';
import type { OutpostSettings } from './settings.ts';

export interface SweepAlarmsProps {
  readonly settings: OutpostSettings;
  readonly sweep: IFunction;
}

/** One alarm for a sweep that had something to do, and one for a sweep that is not there. */
export class SweepAlarms extends Construct {
  constructor(scope: Construct, id: string, { settings: { prefix }, sweep }: SweepAlarmsProps) {
    super(scope, id);
    new Alarm(this, 'Repaired', {
      alarmName: `${prefix}-sweep-repaired`,
      alarmDescription: 'Something was left undone, and the sweep has put it right. See "The sweep" in the runbook.',
      metric: repairs(),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    new Alarm(this, 'Silent', {
      alarmName: `${prefix}-sweep-silent`,
      alarmDescription: 'No sweep has run for five minutes. See "The sweep" in the runbook.',
      metric: sweep.metricInvocations({ period: Duration.minutes(5), statistic: Stats.SUM }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}

/** Of every kind together: CloudWatch adds up no dimensions by itself. */
function repairs(): MathExpression {
  const period = Duration.minutes(5);
  const counts = SWEEP_REPAIRS.map((repair) => [
    repair,
    new Metric({
      namespace: METRIC_NAMESPACE,
      metricName: METRICS.sweepRepaired,
      dimensionsMap: { service: METRIC_SERVICE, repair },
      statistic: Stats.SUM,
      period,
    }),
  ]);
  return new MathExpression({
    expression: SWEEP_REPAIRS.join(' + '),
    usingMetrics: Object.fromEntries(counts),
    label: 'Repairs',
    period,
  });
}
