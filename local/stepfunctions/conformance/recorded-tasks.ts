import { isDeepStrictEqual } from 'node:util';
import { StateError } from '../engine/state-error.ts';
import type { TaskCall, TaskReply, TaskRunner } from '../engine/task-runner.ts';
import { type Json, JsonText } from '../json.ts';
import type { RecordedTaskResult } from './recording.ts';

/** Answers every Task with what it came to when the execution was recorded. */
export class RecordedTasks implements TaskRunner {
  readonly #left: RecordedTaskResult[];

  constructor(results: readonly RecordedTaskResult[]) {
    this.#left = [...results];
  }

  async run(call: TaskCall): Promise<TaskReply> {
    const result = this.#take(call);
    if (!result) throw StateError.runtime(`The recording has no result for another Task of '${call.stateName}'.`);
    if (result.submitted === undefined) return { output: outcome(result) };
    const completion = Promise.resolve().then(() => outcome(result));
    return { output: JsonText.of(result.submitted), completion };
  }

  /** The next result of the state; among iterations that run at once, the one with the same arguments. */
  #take(call: TaskCall): RecordedTaskResult | undefined {
    const ofState = this.#left.filter((result) => (result.state ?? call.stateName) === call.stateName);
    const result = ofState.find((candidate) => sameArguments(candidate, call.arguments.value)) ?? ofState[0];
    if (result) this.#left.splice(this.#left.indexOf(result), 1);
    return result;
  }
}

function sameArguments(result: RecordedTaskResult, taskArguments: Json): boolean {
  return isDeepStrictEqual(result.parameters ?? result.input, taskArguments);
}

function outcome(result: RecordedTaskResult): JsonText {
  switch (result.outcome) {
    case 'succeed':
      return textOf(result.output);
    case 'timeout':
      throw StateError.timeout();
    case 'fail':
      throw new StateError(result.error, causeOf(result.cause));
  }
}

/** The recorder parsed what began with `{` and left every other value as the text of its JSON. */
function textOf(value: Json | undefined): JsonText {
  return typeof value === 'string' ? JsonText.parse(value) : JsonText.of(value ?? null);
}

function causeOf(cause: Json | undefined): string | undefined {
  return typeof cause === 'string' || cause === undefined ? cause : JSON.stringify(cause);
}
