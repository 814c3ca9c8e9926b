import type { HistoryEventType } from '@aws-sdk/client-sfn';
import type { State } from '../asl/definition.ts';
import type { Bindings } from '../jsonata/expression.ts';
import type { Clock } from './clock.ts';
import type { ExecutionIdentity } from './execution-identity.ts';
import { type EventDetails, type History, MOST_EVENTS } from './history.ts';
import { LaneAborted, StateError } from './state-error.ts';
import type { TaskRunner } from './task-runner.ts';
import type { Turns } from './turns.ts';

/** What all lanes of an execution share. */
export interface Run {
  readonly identity: ExecutionIdentity;
  /** The part of `$states.context` that is the same in every state. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly history: History;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly tasks: TaskRunner;
  readonly random: () => number;
}

/** `$states.context.Map.Item` of an iteration. */
export interface MapItem {
  readonly Index: number;
  readonly Value: unknown;
}

/** The types of states that can be cut off in the middle. */
const ABORTABLE = ['Task', 'Wait', 'Map', 'Parallel'] as const;

/** A reason of our own spares Node the making of a DOMException. */
const ABORTED = 'aborted';

/** One line of states that follow each other: the execution itself, a branch of a Parallel, an iteration of a Map. */
export class Lane {
  /** The event that the next one of this lane follows. */
  lastEventId: number;
  /** The state that the lane is in. */
  state: State | undefined;
  /** The lanes of the Parallel or Map that the lane is in. */
  children: readonly Lane[] = [];
  /** Whether the lane has begun and not come to its end. */
  isOpen = false;
  readonly variables: Record<string, unknown>;
  #isAborted = false;
  #controller: AbortController | undefined;

  constructor(
    readonly run: Run,
    lastEventId: number,
    outer?: Lane,
    readonly mapItem: MapItem | undefined = outer?.mapItem,
  ) {
    this.lastEventId = lastEventId;
    // What the outer lane has assigned stays as it is while it waits for the inner ones.
    this.variables = { ...outer?.variables };
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Made when first asked for: most lanes never wait. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort(ABORTED);
    return this.#controller.signal;
  }

  /** Appends an event that the lane goes on from. @throws LaneAborted, StateError at the limit of events */
  emit(type: HistoryEventType, details?: EventDetails, previousEventId = this.lastEventId): number {
    this.#throwIfAborted();
    if (this.run.history.length >= MOST_EVENTS - 1) {
      throw StateError.runtime(`The execution reached the maximum number of history events (${MOST_EVENTS}).`);
    }
    this.lastEventId = this.run.history.append(type, previousEventId, details);
    return this.lastEventId;
  }

  /** Appends an event that the next one of the lane does not follow: both follow the one before. */
  emitAside(type: HistoryEventType, details?: EventDetails): void {
    const { lastEventId } = this;
    this.emit(type, details);
    this.lastEventId = lastEventId;
  }

  /** Waits for something outside while other lanes have their turn. @throws LaneAborted */
  async pause<T>(promise: Promise<T>): Promise<T> {
    this.run.turns.give();
    try {
      return await promise;
    } finally {
      const turn = this.run.turns.take();
      if (turn) await turn;
      this.#throwIfAborted();
    }
  }

  /** Lets the other lanes have a turn each. */
  yield(): Promise<void> {
    return this.pause(Promise.resolve());
  }

  bindings(states: Readonly<Record<string, unknown>>): Bindings {
    return { ...this.variables, states };
  }

  #throwIfAborted(): void {
    if (this.#isAborted) throw new LaneAborted();
  }

  /** Ends the lane and all inside it; nothing of it is recorded. */
  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(ABORTED);
    for (const child of this.children) child.abort();
  }

  /** Records that the lane was cut off, from the outside in, as consequences of one event. */
  recordAborted(previousEventId: number): void {
    const { state } = this;
    this.recordChildrenAborted(previousEventId);
    const type = ABORTABLE.find((abortable) => abortable === state?.type);
    if (type) this.run.history.append(`${type}StateAborted`, previousEventId);
    this.isOpen = false;
  }

  /** Records that the branches or iterations that were still open, but for one, were cut off. */
  recordChildrenAborted(previousEventId: number, failed?: Lane): void {
    for (const child of this.children) {
      if (child === failed || !child.isOpen) continue;
      if (this.state?.type === 'Map') {
        const details = { index: child.mapItem?.Index, name: this.state.name };
        this.run.history.append('MapIterationAborted', previousEventId, details);
      }
      child.recordAborted(previousEventId);
    }
  }
}
