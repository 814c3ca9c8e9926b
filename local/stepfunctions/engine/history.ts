import type { HistoryEventType } from '@aws-sdk/client-sfn';

/** One event as GetExecutionHistory answers it; `timestamp` is in seconds since the epoch. */
export interface HistoryEvent {
  readonly timestamp: number;
  readonly type: HistoryEventType;
  readonly id: number;
  readonly previousEventId: number;
  /** `…EventDetails`, by the event's type. */
  readonly [details: string]: unknown;
}

/** Receives the events of one execution, in order. */
export interface HistorySink {
  append(event: HistoryEvent): void;
}

export type EventDetails = Readonly<Record<string, unknown>>;

/** Most events of one execution; Step Functions fails an execution that comes to more. */
export const MOST_EVENTS = 25_000;

export class History {
  #lastId: number;
  #isClosed = false;

  /** @param length how many events there are already */
  constructor(
    readonly sink: HistorySink,
    readonly now: () => number,
    length = 0,
  ) {
    this.#lastId = length;
  }

  get length(): number {
    return this.#lastId;
  }

  /** From now on nothing is recorded: lanes that are cut off have no say any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Appends an event and returns its id. */
  append(type: HistoryEventType, previousEventId: number, details?: EventDetails): number {
    if (this.#isClosed) return this.#lastId;
    this.#lastId += 1;
    const event: Record<string, unknown> & HistoryEvent = {
      timestamp: this.now() / 1000,
      type,
      id: this.#lastId,
      previousEventId,
    };
    if (details) event[detailsKey(type)] = details;
    this.sink.append(event);
    return this.#lastId;
  }
}

/** What GetExecutionHistory calls the details of an event: all states share the names of entering and exiting. */
export function detailsKey(type: HistoryEventType): string {
  let key = keys.get(type);
  if (key === undefined) {
    key = newDetailsKey(type);
    keys.set(type, key);
  }
  return key;
}

const keys = new Map<HistoryEventType, string>();

function newDetailsKey(type: HistoryEventType): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

export const NOT_TRUNCATED = { truncated: false } as const;
