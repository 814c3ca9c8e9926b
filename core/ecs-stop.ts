/** A container of a stopped ECS task, in either casing. */
export interface EcsStopContainer {
  name?: string;
  exitCode?: number;
  reason?: string;
  Name?: string;
  ExitCode?: number;
  Reason?: string;
}

/**
 * A stopped ECS task as ECS says it: camelCase in an `ECS Task State Change` event and in the API, PascalCase from
 * Step Functions. Everything is optional, because a failed start leaves most of it out.
 */
export interface EcsStop {
  taskArn?: string;
  stopCode?: string;
  stoppedReason?: string;
  startedAt?: string | number;
  stoppedAt?: string | number;
  containers?: EcsStopContainer[];
  TaskArn?: string;
  StopCode?: string;
  StoppedReason?: string;
  StartedAt?: string | number;
  StoppedAt?: string | number;
  Containers?: EcsStopContainer[];
}

/** What the rules look at, whatever the casing it came in. */
export interface StopFacts {
  readonly taskArn?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** ISO 8601. */
  readonly stoppedAt?: string;
  readonly exitCode?: number;
  /** What ECS says of the deciding container, e.g. `OutOfMemoryError: …`. */
  readonly containerReason?: string;
}

/** Reads a stop with nothing taken for granted: it may come from a Cause that somebody's service wrote. */
export function readStop(stop: EcsStop | undefined): StopFacts {
  const task = record(stop);
  const container = decidingContainer(either(task, 'containers'));
  return dropUndefined({
    taskArn: text(either(task, 'taskArn')),
    stopCode: text(either(task, 'stopCode')),
    stoppedReason: text(either(task, 'stoppedReason')),
    stoppedAt: time(either(task, 'stoppedAt')),
    exitCode: exitCode(either(container, 'exitCode')),
    containerReason: text(either(container, 'reason')),
  });
}

/** The container called `worker` decides, a single one whatever its name; sidecars do not. */
function decidingContainer(containers: unknown): Record<string, unknown> {
  const all = Array.isArray(containers) ? containers.map(record) : [];
  return all.find((container) => either(container, 'name') === 'worker') ?? (all.length === 1 ? record(all[0]) : {});
}

function either(of: Record<string, unknown>, camelCase: string): unknown {
  return of[camelCase] ?? of[`${camelCase.charAt(0).toUpperCase()}${camelCase.slice(1)}`];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function exitCode(value: unknown): number | undefined {
  return Number.isInteger(value) ? (value as number) : undefined;
}

/** ECS's API says seconds, Step Functions milliseconds since the epoch, an event ISO 8601. */
function time(value: unknown): string | undefined {
  const numeric = typeof value === 'number' ? value * (value < 1e11 ? 1000 : 1) : value;
  if (typeof numeric !== 'number' && typeof numeric !== 'string') return undefined;
  const date = new Date(numeric);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(facts: T): Partial<Known<T>> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Partial<Known<T>>;
}
