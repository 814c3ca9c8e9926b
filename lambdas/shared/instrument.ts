import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { METRIC_NAMESPACE, METRIC_SERVICE } from '../../core/metrics.ts';

/** What an instrumented handler may log and count with. */
export interface Instruments {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly context: Context;
}

/**
 * Wraps a Lambda handler: log lines carry the function's context, an error is logged with its stack and thrown on, and
 * metrics are flushed whatever happens. A handler that logs outside of its own call brings its `logger`.
 */
export function instrument<Event, Answer>(
  name: string,
  handler: (event: Event, instruments: Instruments) => Promise<Answer>,
  logger = new Logger({ serviceName: name }),
): (event: Event, context: Context) => Promise<Answer> {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: METRIC_SERVICE });
  return async (event, context) => {
    logger.addContext(context);
    metrics.captureColdStartMetric(context.functionName);
    try {
      return await handler(event, { logger, metrics, context });
    } catch (error) {
      logger.error(`${name} failed`, error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      metrics.publishStoredMetrics();
      logger.resetKeys();
    }
  };
}
