import type { CallerKind, Moment } from './fault-settings.ts';

/** A call at the gateway. */
export interface CallPoint {
  readonly service: string;
  readonly operation: string;
  readonly caller: CallerKind;
  /** `<role>/<session>` */
  readonly who: string;
  /** Path and body. */
  readonly text: string;
}

export interface CallFault {
  readonly fault: 'throttle' | 'failBefore' | 'failAfter' | 'cutBefore' | 'cutAfter' | 'delay';
  readonly delayMs: number;
  /** Whether the SDK's retries of the same call meet it too. */
  readonly persists: boolean;
}

export interface InvocationPoint {
  readonly functionName: string;
  readonly invocation: 'sync' | 'async';
}

export type InvocationFault =
  | { readonly fault: 'killBefore' | 'loseAnswer' }
  | { readonly fault: 'kill'; readonly moment: Moment };

export interface DeliveryPoint {
  readonly bus: string;
  readonly rule: string;
  readonly detailType: string;
}

export interface DeliveryFault {
  readonly fault: 'drop' | 'double' | 'delay' | 'reorder';
  /** After how many milliseconds each delivery goes out. */
  readonly delays: readonly number[];
}

export interface TaskPoint {
  readonly family: string;
  /** Names of the variables that its container was given. */
  readonly given: readonly string[];
}

/** What happens to something, and when. */
export interface Strike<Fault extends string> {
  readonly fault: Fault;
  readonly moment: Moment;
  readonly delayMs: number;
}

export type TaskFault = Strike<'failToStart' | 'kill' | 'interrupt'>;

/** Asked wherever a fault may happen: the same questions in the same order get the same answers. */
export interface FaultPlan {
  call(point: CallPoint): CallFault | undefined;
  invocation(point: InvocationPoint): InvocationFault | undefined;
  delivery(point: DeliveryPoint): DeliveryFault | undefined;
  /** Whether RunTask finds no capacity. */
  noCapacity(point: TaskPoint): boolean;
  task(point: TaskPoint): TaskFault | undefined;
  execution(machine: string): Strike<'stop'> | undefined;
  /** How many milliseconds a new clock is off. */
  clock(whose: 'functions' | 'workers'): number;
}
