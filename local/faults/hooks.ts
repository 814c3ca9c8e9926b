import type { AwsEvent } from '../aws-service.ts';
import type { TaskRecord } from '../ecs/task-record.ts';
import type { Invocation, InvocationResult } from '../lambda/sandbox.ts';

/** What Lambda asks where a fault may happen. */
export interface FunctionFaults {
  /** Variables for a new thread of a function. */
  environment(functionName: string): Readonly<Record<string, string>>;
  /** Runs an event, or a part of it, or none. */
  around(invocation: FunctionInvocation, run: RunInvocation): Promise<InvocationResult>;
}

export interface FunctionInvocation extends Pick<Invocation, 'requestId' | 'payload'> {
  readonly functionName: string;
  readonly invocation: 'sync' | 'async';
}

/** `kill` ends the thread when it is aborted; the SDK in the thread sends `traceId` with every call. */
export type RunInvocation = (extras: Pick<Invocation, 'kill' | 'traceId'>) => Promise<InvocationResult>;

/** What EventBridge asks for each target of each event. */
export interface DeliveryFaults {
  /** After how many milliseconds each delivery is to go out: `[0]` is an ordinary one, `[]` none. */
  delays(rule: { readonly bus: string; readonly name: string }, event: AwsEvent): readonly number[];
}

/** What ECS asks in the life of an ECS task. */
export interface TaskFaults {
  /** Whether RunTask may place an ECS task. */
  hasCapacity(task: TaskRecord): boolean;
  /** Throws, with the stopped reason, where an ECS task is not to start. */
  assertStarts(task: TaskRecord): void;
  /** Variables for a container beside its own. */
  environment(task: TaskRecord): Readonly<Record<string, string>>;
  /** The containers run. @param over resolves when they have stopped */
  started(task: TaskRecord, control: TaskControls, over: Promise<unknown>): void;
}

export interface TaskControls {
  /** SIGKILL to all of it. */
  kill(): void;
  interrupt(): void;
}

/** What Step Functions asks about each execution. */
export interface ExecutionFaults {
  /** @param stop as StopExecution does; @param over resolves when the execution has ended */
  started(execution: { readonly executionArn: string }, stop: () => void, over: Promise<unknown>): void;
}
