import { z } from 'zod';

/** Who calls a service through the gateway. */
export const CALLER_KINDS = [
  'function',
  /** The container of an ECS task. */
  'worker',
  /** Step Functions, for a Task of an execution. */
  'state-machine',
  /** API Gateway, which invokes functions. */
  'api',
  /** EventBridge, which hands events to its targets. */
  'events',
  /** The person at this machine: clients with the operator's keys. */
  'operator',
  /** What AWS does out of sight, like writing the logs of functions and containers. */
  'platform',
] as const;
export type CallerKind = (typeof CALLER_KINDS)[number];

const Rate = z.number().min(0).max(1).default(0);
const Names = z.union([z.string(), z.array(z.string())]).transform((names) => [names].flat());
const Span = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([low, high]) => low <= high, 'must be [low, high]')
  .readonly();
export type Span = z.output<typeof Span>;

/** When to strike at something that lives for a while; the first of all calls that fit counts as 1. */
const Moment = z.strictObject({
  /** What the journal calls it. */
  name: z.string().optional(),
  /** How likely it is beside the others. */
  weight: z.number().positive().default(1),
  /** Waits for a call; without it, the delay begins with the start. */
  call: z
    .strictObject({
      /** `others`: a call of somebody else that names the victim's dispatch or slot. */
      by: z.enum(['self', 'others']).default('self'),
      service: z.string().optional(),
      operation: z.string().optional(),
      /** Text in the path or body of the call, such as the name of an attribute. */
      containing: z.string().optional(),
      nth: z.int().min(1).default(1),
      /** Whether the call still takes effect. Either way the victim does not hear the answer. */
      effect: z.enum(['before', 'after']).default('after'),
    })
    .optional(),
  /** Milliseconds that pass after that; above 0, the call is answered. */
  delayMs: Span.default([0, 0]),
});
export type Moment = z.output<typeof Moment>;

const AT_ANY_TIME: z.input<typeof Moment>[] = [{ name: 'any time', delayMs: [0, 10_000] }];
const Moments = z.array(Moment).min(1).prefault(AT_ANY_TIME);

/** SDK calls at the gateway. */
const CallRule = rule({
  /** Signing names, like `dynamodb`. */
  service: Names.optional(),
  operation: Names.optional(),
  caller: z
    .union([z.enum(CALLER_KINDS), z.array(z.enum(CALLER_KINDS))])
    .transform((kinds) => [kinds].flat())
    .default(['function', 'worker', 'state-machine']),
  /** Text in `<role>/<session>`; the session is a function's, an execution's or an ECS task's name. */
  who: Names.optional(),
  /** Text in the path or body. */
  containing: Names.optional(),
  throttle: Rate,
  /** A 500 instead of the call. */
  failBefore: Rate,
  /** A 500 instead of the answer. */
  failAfter: Rate,
  /** The connection is cut instead of the call. */
  cutBefore: Rate,
  /** The connection is cut instead of the answer. */
  cutAfter: Rate,
  delay: Rate,
  delayMs: Span.default([50, 2_000]),
  /** How likely it is that a fault meets the SDK's own retries of the call as well, so that the caller sees it. */
  persist: Rate,
});

/** Invocations of functions. */
const FunctionRule = rule({
  name: Names.optional(),
  invocation: z.enum(['sync', 'async']).optional(),
  /** The thread dies before the handler begins. */
  killBefore: Rate,
  /** The thread dies with one of its SDK calls, before or after that takes effect. */
  kill: Rate,
  /** Which call that may be; a function that makes fewer lives. */
  calls: Span.default([1, 6]),
  /** The thread dies when everything is done but the answer. */
  loseAnswer: Rate,
});

/** Deliveries of events to the targets of rules. */
const EventRule = rule({
  bus: Names.optional(),
  /** Schedules are spared unless a rule says `Scheduled Event`. */
  detailType: Names.optional(),
  rule: Names.optional(),
  drop: Rate,
  double: Rate,
  delay: Rate,
  delayMs: Span.default([1_000, 8_000]),
  /** Held back for so little that only what follows at once overtakes it. */
  reorder: Rate,
  /** Of what is reordered, and of the second one of two. */
  reorderMs: Span.default([100, 2_000]),
});

/** ECS tasks. */
const TaskRule = rule({
  family: Names.optional(),
  /** Only ECS tasks whose container was given this variable as an override. */
  given: Names.optional(),
  /** RunTask answers a failure for want of capacity. */
  noCapacity: Rate,
  /** `TaskFailedToStart`. */
  failToStart: Rate,
  /** SIGKILL to all of the container. */
  kill: Rate,
  /** `SpotInterruption`: SIGTERM first. */
  interrupt: Rate,
  moments: Moments,
});

/** Executions, stopped as somebody does in the console. */
const ExecutionRule = rule({ machine: Names.optional(), stop: Rate, moments: Moments });

const Clocks = z.strictObject({
  /** How many of the functions' threads and of the workers have a clock that is wrong. */
  functions: Rate,
  workers: Rate,
  maxMs: z.number().min(0).default(2_000),
});

export const FaultRates = z.strictObject({
  calls: z.array(CallRule).default([]),
  functions: z.array(FunctionRule).default([]),
  events: z.array(EventRule).default([]),
  tasks: z.array(TaskRule).default([]),
  executions: z.array(ExecutionRule).default([]),
  clocks: Clocks.prefault({}),
});
/** In each list the first rule that fits decides: one without rates spares what it fits. */
export type FaultRates = z.input<typeof FaultRates>;
export type ReadRates = z.output<typeof FaultRates>;

export const FaultSettings = z.strictObject({
  seed: z.int(),
  rates: FaultRates,
  /** Milliseconds since the epoch from which on there are no more faults. */
  until: z.number().optional(),
  /** Milliseconds before the retries of a function that failed on a queued event. @default AWS's one and two minutes */
  asyncRetryAfterMs: z.array(z.number().min(0)).min(1).optional(),
});
export type FaultSettings = z.input<typeof FaultSettings>;

const RATE_NAMES = new Set(
  `throttle failBefore failAfter cutBefore cutAfter delay killBefore kill loseAnswer drop double reorder noCapacity
  failToStart interrupt stop`.split(/\s+/),
);

/** A rule whose rates are shares of one whole. */
function rule<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape).refine((fields) => {
    const rates = Object.entries(fields).filter(([name]) => RATE_NAMES.has(name));
    return rates.reduce((sum, [, rate]) => sum + Number(rate), 0) <= 1 + Number.EPSILON * 8;
  }, 'the rates of one rule must not come to more than 1');
}
