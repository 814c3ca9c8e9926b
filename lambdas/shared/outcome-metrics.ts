import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { METRICS } from '../../core/metrics.ts';

/** Counts the attempts that end. */
export interface OutcomeMetrics {
  ended(record: DispatchRecord): void;
  settled(record: DispatchRecord): void;
}

/** Each metric goes out by itself, because each has dimensions of its own. */
export function outcomeMetrics(metrics: Metrics): OutcomeMetrics {
  return {
    ended({ agent, status, startedAt, endedAt }) {
      const count = metrics.singleMetric();
      count.addDimensions({ agent, status });
      count.addMetric(METRICS.dispatchEnded, MetricUnit.Count, 1);
      if (startedAt === undefined || endedAt === undefined) return;
      const duration = metrics.singleMetric();
      duration.addDimension('agent', agent);
      duration.addMetric(
        METRICS.dispatchDuration,
        MetricUnit.Milliseconds,
        Date.parse(endedAt) - Date.parse(startedAt),
      );
    },
    settled({ agent, status }) {
      const count = metrics.singleMetric();
      count.addDimensions({ agent, status });
      count.addMetric(METRICS.dispatchSettled, MetricUnit.Count, 1);
    },
  };
}
