import type { Definition } from '../asl/definition.ts';
import type { JsonText } from '../json.ts';
import { isoTime } from '../timestamp.ts';
import type { Clock } from './clock.ts';
import type { ExecutionIdentity } from './execution-identity.ts';
import { History, type HistorySink, NOT_TRUNCATED } from './history.ts';
import { Lane } from './lane.ts';
import { runStates } from './run-states.ts';
import { LaneAborted, StateError } from './state-error.ts';
import type { TaskRunner } from './task-runner.ts';
import type { Turns } from './turns.ts';

export interface ExecutionRequest {
  readonly definition: Definition;
  readonly identity: ExecutionIdentity;
  readonly input: JsonText;
}

/** What an execution lives on. */
export interface Surroundings {
  readonly tasks: TaskRunner;
  readonly clock: Clock;
  /** A number of [0, 1), for the jitter of Retry. */
  readonly random: () => number;
  readonly sink: HistorySink;
  /** Shared with the other executions of the process. */
  readonly turns: Turns;
}

export type ExecutionOutcome =
  | { readonly status: 'SUCCEEDED'; readonly output: string }
  | {
      readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
      readonly error: string | undefined;
      readonly cause: string | undefined;
    };

/** One execution of a definition: records its events, and ends. */
export class Execution {
  readonly startTime: number;
  readonly #definition: Definition;
  readonly #input: JsonText;
  readonly #main: Lane;
  readonly #history: History;
  #timer: AbortController | undefined;
  /** What ended the execution from outside. */
  #ended: ExecutionOutcome | undefined;

  constructor({ definition, identity, input }: ExecutionRequest, { tasks, clock, random, sink, turns }: Surroundings) {
    this.#definition = definition;
    this.#input = input;
    this.startTime = clock.now();
    this.#history = new History(sink, clock.now);
    const context = contextOf(identity, input, this.startTime);
    this.#main = new Lane({ identity, context, history: this.#history, turns, clock, tasks, random }, 0);
  }

  /** Records the first event; to be called once, before `run`. */
  start(): void {
    recordStart(this.#history, this.#input.text, this.#main.run.identity.roleArn);
  }

  /** Runs to the end, whatever that is. */
  async run(): Promise<ExecutionOutcome> {
    const { clock, turns } = this.#main.run;
    const { timeoutSeconds } = this.#definition;
    if (timeoutSeconds !== undefined) {
      this.#timer = new AbortController();
      clock.deadline(timeoutSeconds * 1000, this.#timer.signal, () => {
        this.#end({ status: 'TIMED_OUT', error: undefined, cause: undefined });
      });
    }
    const turn = turns.take();
    if (turn) await turn;
    try {
      const output = await runStates(this.#main, this.#definition, this.#input);
      return this.#ended ?? this.#succeed(output);
    } catch (error) {
      return this.#ended ?? this.#fail(error);
    } finally {
      turns.give();
      this.#timer?.abort('ended');
    }
  }

  /** Ends the execution at once, as StopExecution does. */
  abort(error: string | undefined, cause: string | undefined): void {
    this.#end({ status: 'ABORTED', error, cause });
  }

  /** Lets go of the execution without a word: what it was doing is left to the next boot. */
  abandon(): void {
    this.#history.close();
    this.#ended ??= { status: 'ABORTED', error: undefined, cause: undefined };
    this.#main.abort();
  }

  #end(outcome: Extract<ExecutionOutcome, { error: unknown }>): void {
    if (this.#ended) return;
    this.#ended = outcome;
    this.#main.abort();
    const { error, cause } = outcome;
    const details = { ...(cause !== undefined && { cause }), ...(error !== undefined && { error }) };
    this.#history.append(outcome.status === 'ABORTED' ? 'ExecutionAborted' : 'ExecutionTimedOut', 0, details);
    this.#history.close();
  }

  #succeed(output: JsonText): ExecutionOutcome {
    const details = { output: output.text, outputDetails: NOT_TRUNCATED };
    this.#ended = { status: 'SUCCEEDED', output: output.text };
    this.#history.append('ExecutionSucceeded', this.#main.lastEventId, details);
    return this.#ended;
  }

  #fail(thrown: unknown): ExecutionOutcome {
    if (thrown instanceof LaneAborted) throw new Error('A running execution has an aborted lane.', { cause: thrown });
    const error = thrown instanceof StateError ? thrown : StateError.runtime(`Internal error: ${String(thrown)}`);
    this.#ended = { status: 'FAILED', error: error.error, cause: error.cause || undefined };
    this.#history.append('ExecutionFailed', this.#main.lastEventId, error.details);
    return this.#ended;
  }
}

export function recordStart(history: History, input: string, roleArn: string): void {
  history.append('ExecutionStarted', 0, { input, inputDetails: NOT_TRUNCATED, roleArn });
}

function contextOf(identity: ExecutionIdentity, input: JsonText, startTime: number) {
  return {
    Execution: {
      Id: identity.executionArn,
      Input: input.value,
      StartTime: isoTime(startTime),
      Name: identity.name,
      RoleArn: identity.roleArn,
      RedriveCount: 0,
    },
    StateMachine: { Id: identity.stateMachineArn, Name: identity.stateMachineName },
  };
}
