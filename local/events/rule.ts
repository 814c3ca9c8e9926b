import { z } from 'zod';
import type { TemplateResource } from '../aws-service.ts';
import { QUEUE_ARN } from '../queue-sender.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import type { EventEnvelope } from './default-bus.ts';
import { compilePattern, type EventMatcher } from './event-pattern.ts';
import { compileSchedule, type Schedule } from './schedule.ts';
import { compileInput, type RuleIdentity, TargetInputProperties } from './target-input.ts';

/** EventBridge's own rules for a target that says nothing: 24 hours, 185 times. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { maxAgeSeconds: 86_400, maxAttempts: 185 };

export interface RetryPolicy {
  readonly maxAgeSeconds: number;
  readonly maxAttempts: number;
}

export interface Target {
  readonly id: string;
  /** Of a function or a standard queue. */
  readonly arn: string;
  /** The JSON text that the target gets. */
  readonly input: (event: EventEnvelope) => string;
  readonly retryPolicy: RetryPolicy;
  /** The queue for events that the target did not take. */
  readonly deadLetterArn?: string;
}

/** A rule of a bus: events that match, or a schedule, and the functions and queues that hear of them. */
export interface Rule extends RuleIdentity {
  readonly bus: string;
  readonly enabled: boolean;
  readonly pattern?: Readonly<Record<string, unknown>>;
  readonly matches?: EventMatcher;
  readonly schedule?: Schedule;
  /** `rate(…)`: it fires as soon as it begins. */
  readonly isRate: boolean;
  readonly targets: readonly Target[];
}

const FUNCTION_ARN = /^arn:aws:lambda:[^:]*:\d{12}:function:[\w-]+$/;

const TargetProperties = z.strictObject({
  Id: z.string(),
  Arn: z
    .string()
    .refine((arn) => FUNCTION_ARN.test(arn) || QUEUE_ARN.test(arn), 'is not the ARN of a function or a standard queue'),
  ...TargetInputProperties.shape,
  DeadLetterConfig: z
    .strictObject({ Arn: z.string().regex(QUEUE_ARN, 'is not the ARN of a standard queue').optional() })
    .optional(),
  RetryPolicy: z
    .strictObject({
      MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(86_400).default(86_400),
      MaximumRetryAttempts: z.coerce.number().int().min(0).max(185).default(185),
    })
    .optional(),
});

const RuleProperties = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  EventBusName: z.string().default('default'),
  EventPattern: z.record(z.string(), z.unknown()).optional(),
  ScheduleExpression: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Targets: z.array(TargetProperties).max(5).default([]),
  Tags: z.unknown().optional(),
});

/** Reads `AWS::Events::Rule`. Throws for a pattern, schedule or target that EventBridge or we do not understand. */
export function readRule(resource: TemplateResource, arnPrefix: string): Rule {
  const properties = parseProperties(RuleProperties, resource);
  const { EventPattern, ScheduleExpression } = properties;
  if (EventPattern === undefined && ScheduleExpression === undefined) {
    throw new Error('EventPattern or ScheduleExpression is needed');
  }
  const bus = properties.EventBusName.replace(/^arn:.*:event-bus\//, '');
  if (ScheduleExpression !== undefined && bus !== 'default') {
    throw new Error('ScheduleExpression: only the default event bus has schedules');
  }
  const name = properties.Name ?? generatedName(resource);
  const arn = bus === 'default' ? `${arnPrefix}:rule/${name}` : `${arnPrefix}:rule/${bus}/${name}`;
  return {
    name,
    arn,
    bus,
    enabled: properties.State === 'ENABLED',
    ...(EventPattern && { pattern: EventPattern, matches: compilePattern(EventPattern) }),
    ...(ScheduleExpression && { schedule: compileSchedule(ScheduleExpression) }),
    isRate: ScheduleExpression?.startsWith('rate(') === true,
    targets: properties.Targets.map((target) => readTarget(target, { name, arn })),
  };
}

function readTarget(properties: z.output<typeof TargetProperties>, rule: RuleIdentity): Target {
  const { RetryPolicy, DeadLetterConfig } = properties;
  return {
    id: properties.Id,
    arn: properties.Arn,
    input: compileInput(properties, rule),
    retryPolicy: RetryPolicy
      ? { maxAgeSeconds: RetryPolicy.MaximumEventAgeInSeconds, maxAttempts: RetryPolicy.MaximumRetryAttempts }
      : DEFAULT_RETRY_POLICY,
    ...(DeadLetterConfig?.Arn !== undefined && { deadLetterArn: DeadLetterConfig.Arn }),
  };
}
