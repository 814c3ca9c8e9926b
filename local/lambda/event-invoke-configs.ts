import { z } from 'zod';
import type { TemplateResource } from '../aws-service.ts';
import { QUEUE_ARN } from '../queue-sender.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';

const MAX_AGE_SECONDS = 6 * 3600;
const MAX_RETRIES = 2;

const Destination = z.string().regex(QUEUE_ARN, 'is not the ARN of a standard queue');

const EventInvokeConfigProperties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.coerce.number().int().min(0).max(MAX_RETRIES).default(MAX_RETRIES),
  MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(MAX_AGE_SECONDS).default(MAX_AGE_SECONDS),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination }).optional() }).optional(),
});

/** How a function's queued events are dealt with. */
export interface EventInvokeConfig {
  readonly retries: number;
  readonly maxAgeMs: number;
  /** The queue that is told of an event that was given up. */
  readonly onFailure?: string;
}

const DEFAULT_CONFIG: EventInvokeConfig = { retries: MAX_RETRIES, maxAgeMs: MAX_AGE_SECONDS * 1000 };

/** What the template says about the functions' queued events. */
export class EventInvokeConfigs {
  private readonly byFunction = new Map<string, EventInvokeConfig>();

  /** Creates `AWS::Lambda::EventInvokeConfig`. Throws for a destination that isn't a queue, and for one on success. */
  create(resource: TemplateResource, nameOf: (functionName: string) => string) {
    const properties = parseProperties(EventInvokeConfigProperties, resource);
    const onFailure = properties.DestinationConfig?.OnFailure?.Destination;
    this.byFunction.set(nameOf(properties.FunctionName), {
      retries: properties.MaximumRetryAttempts,
      maxAgeMs: properties.MaximumEventAgeInSeconds * 1000,
      ...(onFailure !== undefined && { onFailure }),
    });
    return { ref: generatedName(resource) };
  }

  of(functionName: string): EventInvokeConfig {
    return this.byFunction.get(functionName) ?? DEFAULT_CONFIG;
  }
}
