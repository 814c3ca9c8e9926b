import { setImmediate } from 'node:timers/promises';
import type { ChoiceState, FailState, State, StateGraph, SucceedState, WaitState } from '../asl/definition.ts';
import type { JsonText } from '../json.ts';
import { TemplateFault } from '../jsonata/fault.ts';
import { parseTimestamp } from '../timestamp.ts';
import type { Lane } from './lane.ts';
import { runMap } from './map-state.ts';
import { runParallel } from './parallel-state.ts';
import { StateError } from './state-error.ts';
import { runTask } from './task-state.ts';
import { Visit } from './visit.ts';

/** Where a state leads: its output, and the state after it. */
export interface Step {
  readonly output: JsonText;
  readonly next: string | undefined;
}

/**
 * Runs the states of a graph in a lane, from the first to an end, and answers the last one's output.
 * @throws StateError where a state fails, LaneAborted
 */
export async function runStates(lane: Lane, graph: StateGraph, input: JsonText): Promise<JsonText> {
  let output = input;
  for (let name: string | undefined = graph.startAt; name !== undefined; ) {
    const state = graph.states.get(name);
    if (!state) throw new Error(`The loaded definition has no state '${name}'.`);
    const step: Step = await runState(new Visit(lane, state, output));
    output = step.output;
    name = step.next;
    if (lane.run.turns.isSliceOver) await lane.pause(setImmediate());
  }
  return output;
}

function runState(visit: Visit): Promise<Step> {
  const { state } = visit;
  switch (state.type) {
    case 'Pass':
    case 'Succeed':
      return pass(visit, state);
    case 'Choice':
      return choose(visit, state);
    case 'Wait':
      return wait(visit, state);
    case 'Fail':
      return fail(visit, state);
    case 'Task':
      return runTask(visit as Visit<typeof state>);
    case 'Parallel':
      return runParallel(visit as Visit<typeof state>);
    case 'Map':
      return runMap(visit as Visit<typeof state>);
  }
}

async function pass(visit: Visit, state: Extract<State, { type: 'Pass' }> | SucceedState): Promise<Step> {
  const output = visit.exit(await visit.transform(state, visit.input));
  return { output, next: state.type === 'Pass' ? state.next : undefined };
}

async function choose(visit: Visit, state: ChoiceState): Promise<Step> {
  const bindings = visit.bindings();
  for (const rule of state.choices) {
    const holds = await visit.evaluate(() => rule.condition.evaluateAs('boolean', bindings));
    if (!holds) continue;
    return { output: visit.exit(await visit.transform(rule, visit.input)), next: rule.next };
  }
  if (state.default === undefined) {
    const cause = visit.runtimeError(
      'Failed to transition out of the state. The state does not point to a next state.',
    );
    throw new StateError('States.NoChoiceMatched', cause.cause);
  }
  return { output: visit.exit(await visit.transform(state, visit.input)), next: state.default };
}

async function wait(visit: Visit, state: WaitState): Promise<Step> {
  const { lane } = visit;
  const milliseconds = await waitingTime(visit, state);
  if (milliseconds > 0) await lane.pause(lane.run.clock.sleep(milliseconds, lane.signal));
  return { output: visit.exit(await visit.transform(state, visit.input)), next: state.next };
}

async function waitingTime(visit: Visit, { seconds, timestamp }: WaitState): Promise<number> {
  const bindings = visit.bindings();
  if (seconds) {
    const value = await visit.evaluate(() => seconds.evaluateAs('number', bindings));
    if (Number.isInteger(value) && value >= 0 && value <= 99_999_999) return value * 1000;
    const message = `The value of the Seconds field must be an integer from 0 to 99999999: ${value}`;
    throw visit.fault(new TemplateFault(message, 'Seconds'), visit.enteredId);
  }
  const text = (await visit.evaluate(() => timestamp?.evaluateAs('string', bindings))) ?? '';
  const time = parseTimestamp(text);
  if (time !== undefined) return time - visit.lane.run.clock.now();
  const message = `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`;
  throw visit.fault(new TemplateFault(message, 'Timestamp'), visit.enteredId);
}

async function fail(visit: Visit, state: FailState): Promise<never> {
  const bindings = visit.bindings();
  const [error, cause] = await visit.evaluate(async () => [
    await state.error?.evaluateAs('string', bindings),
    await state.cause?.evaluateAs('string', bindings),
  ]);
  throw new StateError(error, cause);
}
