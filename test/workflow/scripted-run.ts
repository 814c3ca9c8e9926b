import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import type { Json } from '../../local/stepfunctions/json.ts';
import { JumpingClock, runStates, type TaskScript } from '../local/stepfunctions/engine-stand.ts';
import { type StateMachineName, stateMachine } from './state-machine-file.ts';

export interface ScriptedRun {
  /** The states in the order in which they were entered. */
  readonly path: string[];
  /** What each Task was called with, by its state's name, in order. */
  readonly calls: Readonly<Record<string, Json[]>>;
  // biome-ignore lint/suspicious/noExplicitAny: outcomes differ, and tests look at the member they mean.
  readonly outcome: any;
  /** Milliseconds of each wait. */
  readonly slept: readonly number[];
  /** What `Task` scheduled with its limits, by its state's name, the last time. */
  readonly limits: Readonly<Record<string, { timeoutInSeconds?: number; heartbeatInSeconds?: number }>>;
}

/** Runs a state machine whose Tasks answer what their scripts say. */
export async function runScripted(
  name: StateMachineName,
  input: Json,
  scripts: Readonly<Record<string, TaskScript>>,
): Promise<ScriptedRun> {
  const calls: Record<string, Json[]> = {};
  const clock = new JumpingClock();
  const recorded = Object.fromEntries(
    Object.entries(scripts).map(([state, script]): [string, TaskScript] => [
      state,
      (call, attempt) => {
        calls[state] = [...(calls[state] ?? []), call.arguments.value];
        return typeof script === 'function' ? script(call, attempt) : script;
      },
    ]),
  );
  const { events, outcome } = await runStates(stateMachine(name).States, { input, tasks: recorded, clock });
  const path: string[] = [];
  const limits: Record<string, object> = {};
  for (const event of events) {
    const entered = event['stateEnteredEventDetails'] as { name: string } | undefined;
    if (entered) path.push(entered.name);
    const scheduled = event['taskScheduledEventDetails'] as object | undefined;
    if (scheduled) limits[path.at(-1) ?? ''] = scheduled;
  }
  return { path, calls, outcome, slept: clock.slept, limits };
}

/** The Payload of a function's invocation. */
// biome-ignore lint/suspicious/noExplicitAny: the payload is what the state machine makes of it.
export function payloadOf(argument: Json | undefined): any {
  return (argument as { Payload: unknown } | undefined)?.Payload;
}

/** A Task that fails whenever it is tried. */
export function failing(error: string, cause = 'because'): TaskScript {
  return () => {
    throw new StateError(error, cause);
  };
}
