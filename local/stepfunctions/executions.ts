import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAws } from '../aws-service.ts';
import type { ExecutionFaults } from '../faults/hooks.ts';
import { systemClock } from './engine/clock.ts';
import { Execution, type ExecutionOutcome, recordStart } from './engine/execution.ts';
import type { ExecutionIdentity } from './engine/execution-identity.ts';
import { History, type HistoryEvent } from './engine/history.ts';
import { Turns } from './engine/turns.ts';
import { EcsStops } from './integrations/ecs-stops.ts';
import { IntegrationTasks } from './integrations/integration-tasks.ts';
import { ExecutionClients } from './integrations/sdk-call.ts';
import { TaskTokens } from './integrations/task-tokens.ts';
import type { JsonText } from './json.ts';
import { statusChange } from './status-change.ts';
import {
  type ExecutionBeginning,
  ExecutionIndex,
  type ExecutionRecord,
  type ExecutionStatus,
} from './store/execution-index.ts';
import { type Chunk, HistoryLog } from './store/history-log.ts';
import type { StateMachine } from './store/state-machines.ts';

interface LiveExecution {
  readonly execution: Execution;
  readonly input: string;
}

/** What an execution says about itself, from its first and last events. */
export interface ExecutionData {
  readonly input: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** The executions of the embedded Step Functions: those that run, and the records of all. */
export class Executions {
  readonly index: ExecutionIndex;
  readonly #log: HistoryLog;
  readonly tokens: TaskTokens;
  readonly #aws: LocalAws;
  readonly #stops: EcsStops;
  readonly #faults: ExecutionFaults | undefined;
  readonly #live = new Map<string, LiveExecution>();
  readonly #turns = new Turns();
  #closed = false;

  constructor(aws: LocalAws, folder: string, faults?: ExecutionFaults | undefined) {
    this.#faults = faults;
    mkdirSync(folder, { recursive: true });
    this.#aws = aws;
    this.#stops = new EcsStops(aws);
    this.index = new ExecutionIndex(join(folder, 'executions.jsonl'));
    this.#log = new HistoryLog(join(folder, 'histories'));
    this.tokens = new TaskTokens(systemClock, (executionArn) => this.index.get(executionArn) !== undefined);
  }

  /** Starts an execution; what it takes to remember it is on disk when this returns. */
  start(machine: StateMachine, identity: ExecutionIdentity, input: JsonText): ExecutionRecord {
    const { executionArn, name, stateMachineArn } = identity;
    const tasks = new IntegrationTasks(new ExecutionClients(this.#aws, identity), this.#stops, this.tokens);
    const sink = this.#log.sink(executionArn);
    const execution = new Execution(
      { definition: machine.definition, identity, input },
      { tasks, clock: systemClock, random: Math.random, sink, turns: this.#turns },
    );
    const { segment } = this.#log;
    execution.start();
    const { startTime: startDate } = execution;
    const record: ExecutionRecord = { executionArn, stateMachineArn, name, status: 'RUNNING', startDate, segment };
    this.index.started(record, { input: input.text, roleArn: identity.roleArn });
    this.#live.set(executionArn, { execution, input: input.text });
    this.#publish(record, { input: input.text });
    const over = execution.run().then((outcome) => this.#ended(record, outcome, input.text));
    this.#faults?.started(record, () => this.stop(executionArn, undefined, undefined), over);
    return record;
  }

  /** The input of an execution that is still running. */
  runningInput(executionArn: string): string | undefined {
    return this.#live.get(executionArn)?.input;
  }

  /** Ends a running execution at once. */
  stop(executionArn: string, error: string | undefined, cause: string | undefined): void {
    const live = this.#live.get(executionArn);
    const record = this.index.get(executionArn);
    if (!live || !record) return;
    live.execution.abort(error, cause);
    this.#ended(record, { status: 'ABORTED', error, cause }, live.input);
  }

  data(executionArn: string): ExecutionData {
    const input = this.runningInput(executionArn);
    return input === undefined ? dataOf(this.history(executionArn)) : { input };
  }

  /** Every event so far. */
  history(executionArn: string): readonly HistoryEvent[] {
    return this.#log.read(executionArn, this.index.get(executionArn)?.chunks);
  }

  /** Ends what was running when the process died: nothing of it goes on. */
  abortLeftOvers(): void {
    const leftOvers = [...this.index.leftOvers].flatMap(([executionArn, beginning]) => {
      const record = this.index.get(executionArn);
      return record ? [{ record, beginning }] : [];
    });
    if (leftOvers.length === 0) return;
    const arns = new Set(leftOvers.map(({ record }) => record.executionArn));
    const chunks = this.#log.find(arns, Math.min(...leftOvers.map(({ record }) => record.segment)));
    for (const { record, beginning } of leftOvers) {
      const { status, data } = this.#endOfHistory(record, beginning, chunks.get(record.executionArn) ?? []);
      this.#recordEnd(record, status, data);
    }
  }

  close(): void {
    this.#closed = true;
    for (const { execution } of this.#live.values()) execution.abandon();
    this.#live.clear();
    this.#stops.close();
    this.#log.close();
    this.index.close();
  }

  #ended(record: ExecutionRecord, outcome: ExecutionOutcome, input: string): void {
    if (this.#closed || !this.#live.delete(record.executionArn)) return;
    const data = outcome.status === 'SUCCEEDED' ? { output: outcome.output } : failureData(outcome);
    this.#recordEnd(record, outcome.status, { input, ...data });
  }

  /** Tells the bus first: an end that was recorded but never told would leave its listeners waiting for ever. */
  #recordEnd(record: ExecutionRecord, status: ExecutionStatus, data: ExecutionData): void {
    const end = { status, stopDate: Date.now(), chunks: this.#log.end(record.executionArn) };
    this.#publish({ ...record, ...end }, data);
    this.index.ended(record.executionArn, end);
  }

  #publish(record: ExecutionRecord, data: ExecutionData): void {
    this.#aws.publish(statusChange(record, data));
  }

  /** The end that a history already has, or else an ExecutionAborted that it gets now. */
  #endOfHistory(
    { executionArn, startDate }: ExecutionRecord,
    { input, roleArn }: ExecutionBeginning,
    chunks: readonly Chunk[],
  ): { status: ExecutionStatus; data: ExecutionData } {
    const events = this.#log.read(executionArn, chunks);
    const sink = this.#log.sink(executionArn, chunks);
    const status = END_EVENTS[events.at(-1)?.type ?? ''];
    if (status) return { status, data: dataOf(events) };
    if (events.length === 0) recordStart(new History(sink, () => startDate), input, roleArn);
    const cause = 'The embedded AWS stopped while the execution was running.';
    new History(sink, Date.now, Math.max(1, events.length)).append('ExecutionAborted', 0, { cause });
    return { status: 'ABORTED', data: { input, cause } };
  }
}

const END_EVENTS: Readonly<Record<string, ExecutionStatus>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionTimedOut: 'TIMED_OUT',
  ExecutionAborted: 'ABORTED',
};

function dataOf(events: readonly HistoryEvent[]): ExecutionData {
  const details = (event: HistoryEvent | undefined): Readonly<Record<string, unknown>> => {
    return Object.assign({}, ...Object.values(event ?? {}).filter((value) => typeof value === 'object'));
  };
  const last = events.at(-1);
  const { output, error, cause } = last && last.type in END_EVENTS ? details(last) : {};
  return {
    input: String(details(events[0])['input'] ?? ''),
    ...(typeof output === 'string' && { output }),
    ...(typeof error === 'string' && { error }),
    ...(typeof cause === 'string' && { cause }),
  };
}

function failureData({ error, cause }: { error: string | undefined; cause: string | undefined }) {
  return { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
}
