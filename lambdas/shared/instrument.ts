import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { METRIC_NAMESPACE, METRIC_SERVICE } from '../../core/metrics.ts';

/** What an instrumented handler may log and count with. */
export interface Instruments {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly context: Context;
}

/** What the function was called with is not what it takes: the same at every try. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
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
    } catch (thrown) {
      const error = explained(thrown);
      logger.error(`${name} failed`, error);
      throw error;
    } finally {
      metrics.publishStoredMetrics();
      logger.resetKeys();
    }
  };
}

/** A schema's finding is a page of JSON; whoever finds it in a dead letter or an execution reads a line. */
function explained(thrown: unknown): Error {
  if (thrown instanceof z.ZodError) return new InvalidInput(issuesText(thrown), { cause: thrown });
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function issuesText({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => [path.join('.'), message].filter((part) => part !== '').join(': '))
    .join('; ');
}
