import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS, SWEEP_REPAIRS } from '../../core/metrics.ts';
import type { Repairs } from './sweep-run.ts';

export interface SweepMetrics {
  repaired(repairs: Repairs): void;
}

/** A count of 0 goes out as well: an alarm tells a healthy system from one that is not swept. */
export function sweepMetrics(metrics: Metrics): SweepMetrics {
  return {
    repaired(repairs) {
      for (const repair of SWEEP_REPAIRS) {
        const count = metrics.singleMetric();
        count.addDimension('repair', repair);
        count.addMetric(METRICS.sweepRepaired, MetricUnit.Count, repairs[repair]);
      }
    },
  };
}
