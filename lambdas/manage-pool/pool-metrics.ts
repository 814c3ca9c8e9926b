import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../../core/metrics.ts';
import type { DrainReason } from './slot-facts.ts';

/** Counts what the manager does. */
export interface PoolMetrics {
  started(agent: string): void;
  drained(agent: string, reason: DrainReason): void;
  bootsFailed(agent: string, count: number): void;
  /** A slot that its own execution did not close. */
  mended(agent: string): void;
  orphanStopped(): void;
}

/** Each metric goes out by itself, because each has dimensions of its own. */
export function poolMetrics(metrics: Metrics): PoolMetrics {
  const count = (name: string, dimensions: Record<string, string>, value = 1) => {
    const metric = metrics.singleMetric();
    metric.addDimensions(dimensions);
    metric.addMetric(name, MetricUnit.Count, value);
  };
  return {
    started: (agent) => count(METRICS.slotStarted, { agent }),
    drained: (agent, reason) => count(METRICS.slotDrained, { agent, reason }),
    bootsFailed: (agent, failures) => count(METRICS.slotBootFailed, { agent }, failures),
    mended: (agent) => count(METRICS.slotMended, { agent }),
    orphanStopped: () => count(METRICS.orphanStopped, {}),
  };
}
