import { loadDefinition } from '../../../local/stepfunctions/asl/load-definition.ts';
import type { Clock } from '../../../local/stepfunctions/engine/clock.ts';
import { Execution, type ExecutionOutcome } from '../../../local/stepfunctions/engine/execution.ts';
import type { HistoryEvent } from '../../../local/stepfunctions/engine/history.ts';
import type { TaskCall, TaskReply, TaskRunner } from '../../../local/stepfunctions/engine/task-runner.ts';
import { Turns } from '../../../local/stepfunctions/engine/turns.ts';
import { type Json, JsonText } from '../../../local/stepfunctions/json.ts';

/** What a Task comes to: its result, or a function that answers or throws. */
export type TaskScript = Json | ((call: TaskCall, attempt: number) => Json | Promise<Json>);

export interface EngineOptions {
  readonly input?: Json;
  /** The input as a client wrote it. */
  readonly inputText?: string;
  /** By the state's name. */
  readonly tasks?: Readonly<Record<string, TaskScript>>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Waits pass at once and are kept; deadlines never come. */
export class JumpingClock implements Clock {
  readonly slept: number[] = [];

  now(): number {
    return Date.now();
  }

  async sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
  }

  deadline(): void {}
}

class ScriptedTasks implements TaskRunner {
  readonly #attempts = new Map<string, number>();

  constructor(readonly scripts: Readonly<Record<string, TaskScript>>) {}

  async run(call: TaskCall): Promise<TaskReply> {
    const attempt = (this.#attempts.get(call.stateName) ?? 0) + 1;
    this.#attempts.set(call.stateName, attempt);
    const script = this.scripts[call.stateName];
    if (script === undefined) throw new Error(`The test has no script for '${call.stateName}'.`);
    return { output: JsonText.of(typeof script === 'function' ? await script(call, attempt) : script) };
  }
}

/** An execution of a definition on the engine alone. */
export function prepare(states: object, options: EngineOptions = {}) {
  const [StartAt] = Object.keys(states);
  const definition = loadDefinition(JSON.stringify({ QueryLanguage: 'JSONata', StartAt, States: states }));
  const events: HistoryEvent[] = [];
  const execution = new Execution(
    {
      definition,
      identity: {
        executionArn: 'arn:aws:states:us-east-1:000000000000:execution:machine:one',
        name: 'one',
        stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:machine',
        stateMachineName: 'machine',
        roleArn: 'role',
        region: 'us-east-1',
      },
      input: options.inputText === undefined ? JsonText.of(options.input ?? {}) : JsonText.parse(options.inputText),
    },
    {
      tasks: new ScriptedTasks(options.tasks ?? {}),
      clock: options.clock ?? new JumpingClock(),
      random: options.random ?? (() => 0.5),
      sink: { append: (event) => void events.push(event) },
      turns: new Turns(),
    },
  );
  return { execution, events };
}

/** Runs the states, the first of which is the start. */
export async function runStates(states: object, options: EngineOptions = {}) {
  const { execution, events } = prepare(states, options);
  execution.start();
  const outcome = await execution.run();
  return { outcome, events, trace: events.map(traceOf) };
}

/** The output of an execution that must succeed. */
export async function outputOf(states: object, options: EngineOptions = {}): Promise<Json> {
  const { outcome } = await runStates(states, options);
  return succeeded(outcome);
}

/** The value of an expression. */
export function evaluate(expression: string, input: Json = {}): Promise<Json> {
  return outputOf({ P: { Type: 'Pass', Output: `{% ${expression} %}`, End: true } }, { input });
}

/** `3 <- 2 TaskScheduled`. */
function traceOf({ id, previousEventId, type }: HistoryEvent): string {
  return `${id} <- ${previousEventId} ${type}`;
}

function succeeded(outcome: ExecutionOutcome): Json {
  if (outcome.status === 'SUCCEEDED') return JSON.parse(outcome.output) as Json;
  throw new Error(`The execution is ${outcome.status}: ${outcome.error}, ${outcome.cause}`);
}
