import type { Template } from '../jsonata/template.ts';
import type { TaskResource } from './resource.ts';

/** A state machine's definition as the engine runs it: checked, its expressions compiled. */
export interface Definition extends StateGraph {
  /** Seconds after which the whole execution times out. */
  readonly timeoutSeconds?: number;
}

/** States that lead to one another: the whole machine, a branch of a Parallel, or the processor of a Map. */
export interface StateGraph {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

export type State =
  | PassState
  | TaskState
  | ChoiceState
  | WaitState
  | SucceedState
  | FailState
  | ParallelState
  | MapState;

interface AnyState {
  readonly name: string;
}

export interface Transforms {
  readonly assign?: Template;
  readonly output?: Template;
}

interface FlowingState extends AnyState, Transforms {
  /** `undefined` where the state is the end of its graph. */
  readonly next: string | undefined;
}

/** What Task, Parallel and Map do about an error. */
export interface Recovery {
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds?: number;
  readonly fullJitter: boolean;
}

export interface Catcher extends Transforms {
  readonly errorEquals: readonly string[];
  readonly next: string;
}

export interface PassState extends FlowingState {
  readonly type: 'Pass';
}

export interface TaskState extends FlowingState, Recovery {
  readonly type: 'Task';
  readonly resource: TaskResource;
  readonly arguments?: Template;
  readonly timeoutSeconds?: Template;
  readonly heartbeatSeconds?: Template;
}

export interface ChoiceState extends AnyState, Transforms {
  readonly type: 'Choice';
  readonly choices: readonly ChoiceRule[];
  readonly default: string | undefined;
}

export interface ChoiceRule extends Transforms {
  readonly condition: Template;
  readonly next: string;
}

export interface WaitState extends FlowingState {
  readonly type: 'Wait';
  readonly seconds?: Template;
  readonly timestamp?: Template;
}

export interface SucceedState extends AnyState {
  readonly type: 'Succeed';
  readonly output?: Template;
}

export interface FailState extends AnyState {
  readonly type: 'Fail';
  readonly error?: Template;
  readonly cause?: Template;
}

export interface ParallelState extends FlowingState, Recovery {
  readonly type: 'Parallel';
  readonly arguments?: Template;
  readonly branches: readonly StateGraph[];
}

export interface MapState extends FlowingState, Recovery {
  readonly type: 'Map';
  readonly items?: Template;
  readonly itemSelector?: Template;
  readonly itemProcessor: StateGraph;
  readonly maxConcurrency?: Template;
  readonly toleratedFailureCount?: Template;
  readonly toleratedFailurePercentage?: Template;
}
