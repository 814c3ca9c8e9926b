import { choose, find, isOneOf, mentions, Numbers, strike, within } from './choices.ts';
import type {
  CallFault,
  CallPoint,
  DeliveryFault,
  DeliveryPoint,
  FaultPlan,
  InvocationFault,
  InvocationPoint,
  TaskFault,
  TaskPoint,
} from './fault-points.ts';
import { FaultRates, type ReadRates } from './fault-settings.ts';

export interface FaultPlanOptions {
  readonly seed: number;
  /** How often the embedded AWS was booted before: each boot has faults of its own. @default 0 */
  readonly boot?: number;
  readonly rates: FaultRates;
}

/**
 * A plan of faults that follows from seed, boot and rates. What kind of point is asked how often decides, not what others
 * are asked in between: each rule has random numbers of its own for each operation, function, rule or state machine.
 *
 * @throws z.ZodError where the rates are none
 */
export function createFaultPlan({ seed, boot = 0, rates: given }: FaultPlanOptions): FaultPlan {
  const rates = FaultRates.parse(given);
  const numbers = new Numbers(seed, boot);
  return {
    call: (point) => callFault(rates, numbers, point),
    invocation: (point) => invocationFault(rates, numbers, point),
    delivery: (point) => deliveryFault(rates, numbers, point),
    noCapacity: (point) => {
      const [index, rule] = find(rates.tasks, (rule) => fitsTask(rule, point));
      return rule !== undefined && numbers.of(`capacity ${index} ${point.family}`)() < rule.noCapacity;
    },
    task: (point) => taskFault(rates, numbers, point),
    execution: (machine) => {
      const [index, rule] = find(rates.executions, (rule) => mentions(rule.machine, machine));
      return rule && strike({ stop: rule.stop }, rule.moments, numbers.of(`execution ${index} ${machine}`));
    },
    clock: (whose) => {
      const random = numbers.of(`clock ${whose}`);
      const [pick, size] = [random(), random()];
      return pick < rates.clocks[whose] ? Math.round((2 * size - 1) * rates.clocks.maxMs) : 0;
    },
  };
}

function callFault({ calls }: ReadRates, numbers: Numbers, point: CallPoint): CallFault | undefined {
  const { service, operation, caller, who, text } = point;
  const [index, rule] = find(
    calls,
    (rule) =>
      rule.caller.includes(caller) &&
      isOneOf(rule.service, service) &&
      isOneOf(rule.operation, operation) &&
      mentions(rule.who, who) &&
      mentions(rule.containing, text),
  );
  if (!rule) return undefined;
  const random = numbers.of(`call ${index} ${caller} ${service}.${operation}`);
  const [pick, size, stays] = [random(), random(), random()];
  const { throttle, failBefore, failAfter, cutBefore, cutAfter, delay } = rule;
  const fault = choose({ throttle, failBefore, failAfter, cutBefore, cutAfter, delay }, pick);
  return (
    fault && { fault, delayMs: fault === 'delay' ? within(rule.delayMs, size) : 0, persists: stays < rule.persist }
  );
}

function invocationFault(
  { functions }: ReadRates,
  numbers: Numbers,
  { functionName, invocation }: InvocationPoint,
): InvocationFault | undefined {
  const [index, rule] = find(
    functions,
    (rule) => mentions(rule.name, functionName) && (rule.invocation ?? invocation) === invocation,
  );
  if (!rule) return undefined;
  const random = numbers.of(`function ${index} ${functionName} ${invocation}`);
  const [pick, size, side] = [random(), random(), random()];
  const fault = choose({ killBefore: rule.killBefore, kill: rule.kill, loseAnswer: rule.loseAnswer }, pick);
  if (fault !== 'kill') return fault && { fault };
  const call = {
    by: 'self',
    nth: Math.max(1, within(rule.calls, size)),
    effect: side < 0.5 ? 'before' : 'after',
  } as const;
  return { fault, moment: { weight: 1, call, delayMs: [0, 0] } };
}

function deliveryFault(
  { events }: ReadRates,
  numbers: Numbers,
  { bus, rule: name, detailType }: DeliveryPoint,
): DeliveryFault | undefined {
  const [index, rule] = find(
    events,
    (rule) =>
      isOneOf(rule.bus, bus) &&
      mentions(rule.rule, name) &&
      (rule.detailType ? rule.detailType.includes(detailType) : detailType !== 'Scheduled Event'),
  );
  if (!rule) return undefined;
  const random = numbers.of(`event ${index} ${bus} ${name} ${detailType}`);
  const [pick, size] = [random(), random()];
  const fault = choose({ drop: rule.drop, double: rule.double, delay: rule.delay, reorder: rule.reorder }, pick);
  if (!fault) return undefined;
  const delayMs = within(fault === 'delay' ? rule.delayMs : rule.reorderMs, size);
  return { fault, delays: { drop: [], double: [0, delayMs], delay: [delayMs], reorder: [delayMs] }[fault] };
}

function taskFault({ tasks }: ReadRates, numbers: Numbers, point: TaskPoint): TaskFault | undefined {
  const [index, rule] = find(tasks, (rule) => fitsTask(rule, point));
  if (!rule) return undefined;
  const { failToStart, kill, interrupt, moments } = rule;
  return strike({ failToStart, kill, interrupt }, moments, numbers.of(`task ${index} ${point.family}`));
}

function fitsTask(rule: ReadRates['tasks'][number], { family, given }: TaskPoint): boolean {
  return mentions(rule.family, family) && (rule.given?.some((name) => given.includes(name)) ?? true);
}
