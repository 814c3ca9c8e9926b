import { AppendFile } from './append-file.ts';
import type { Chunk } from './history-log.ts';

export const EXECUTION_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const;
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** What is known of an execution without its history. Dates are milliseconds since the epoch. */
export interface ExecutionRecord {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate?: number;
  /** The segment of the history log where its history begins. */
  readonly segment: number;
  /** Where its history lies, once it has ended. */
  readonly chunks?: readonly Chunk[];
}

/** How an execution ended. */
export type ExecutionEnd = Required<Pick<ExecutionRecord, 'status' | 'stopDate' | 'chunks'>>;

/** What the first event of a history says, for an execution whose history was lost with the process. */
export interface ExecutionBeginning {
  readonly input: string;
  readonly roleArn: string;
}

type IndexLine =
  | ({ readonly started: ExecutionRecord } & ExecutionBeginning)
  | ({ readonly ended: string } & ExecutionEnd);

const FLUSH_AFTER_MILLISECONDS = 50;

/**
 * Every execution there ever was, in the order of their starts. A start is on disk when it is answered; an end may come
 * a little later, since the history tells it too.
 */
export class ExecutionIndex {
  readonly #file: AppendFile<IndexLine>;
  readonly #records = new Map<string, ExecutionRecord>();
  readonly #leftOvers = new Map<string, ExecutionBeginning>();
  #waiting: IndexLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#file = new AppendFile(path);
    for (const line of this.#file.read()) this.#load(line);
  }

  get(executionArn: string): ExecutionRecord | undefined {
    return this.#records.get(executionArn);
  }

  /** The executions of a state machine, the last started first. */
  ofStateMachine(stateMachineArn: string): readonly ExecutionRecord[] {
    return [...this.#records.values()].filter((record) => record.stateMachineArn === stateMachineArn).reverse();
  }

  /** How the executions began that were running when the process before this one died. */
  get leftOvers(): ReadonlyMap<string, ExecutionBeginning> {
    return this.#leftOvers;
  }

  started(record: ExecutionRecord, beginning: ExecutionBeginning): void {
    this.#waiting.push({ started: record, ...beginning });
    this.#flush();
    this.#records.set(record.executionArn, record);
  }

  ended(executionArn: string, end: ExecutionEnd): void {
    this.#waiting.push({ ended: executionArn, ...end });
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER_MILLISECONDS);
    this.#end(executionArn, end);
  }

  close(): void {
    this.#flush();
    this.#file.close();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#file.append(lines);
  }

  #load(line: IndexLine): void {
    if ('started' in line) {
      const { started, ...beginning } = line;
      this.#records.set(started.executionArn, started);
      this.#leftOvers.set(started.executionArn, beginning);
    } else {
      const { ended, ...end } = line;
      this.#end(ended, end);
    }
  }

  #end(executionArn: string, end: ExecutionEnd): void {
    const record = this.#records.get(executionArn);
    if (record) this.#records.set(executionArn, { ...record, ...end });
    this.#leftOvers.delete(executionArn);
  }
}
