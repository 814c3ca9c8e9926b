import type { TaskState } from '../asl/definition.ts';
import { argumentProblems } from '../integrations/arguments.ts';
import { findOperation } from '../integrations/catalog.ts';
import { isJsonObject, JsonText } from '../json.ts';
import type { Bindings } from '../jsonata/expression.ts';
import { TemplateFault } from '../jsonata/fault.ts';
import type { Template } from '../jsonata/template.ts';
import type { Lane } from './lane.ts';
import { recover } from './recover.ts';
import type { Step } from './run-states.ts';
import { LaneAborted, StateError } from './state-error.ts';
import { type TaskEvents, type TaskLimits, taskEvents } from './task-events.ts';
import type { TaskCall } from './task-runner.ts';
import { newTaskToken } from './task-token.ts';
import type { Visit } from './visit.ts';

export function runTask(visit: Visit<TaskState>): Promise<Step> {
  return recover(visit, async () => {
    const result = await attemptTask(visit);
    const { assign, output } = visit.state;
    const more = assign || output ? { result: result.value } : undefined;
    return { output: visit.exit(await visit.transform(visit.state, result, more)), next: visit.state.next };
  });
}

async function attemptTask(visit: Visit<TaskState>): Promise<JsonText> {
  const { lane, state } = visit;
  const { taskArguments, limits } = await prepareTask(visit);
  const events = taskEvents(lane, state.resource);
  events.scheduled(taskArguments, limits);
  await lane.yield();
  events.started();

  const interruption = new Interruption(lane, limits.timeoutSeconds);
  const call: TaskCall = {
    execution: lane.run.identity,
    stateName: state.name,
    resource: state.resource,
    arguments: taskArguments,
    signal: interruption.signal,
    ...(visit.taskToken !== undefined && { taskToken: visit.taskToken }),
    ...(limits.heartbeatSeconds !== undefined && { heartbeatSeconds: limits.heartbeatSeconds }),
  };
  try {
    const output = await completeTask(lane, call, interruption, events);
    if (output.exceedsDataLimit) throw StateError.dataLimit(events.name);
    events.succeeded(output);
    return output;
  } catch (error) {
    interruption.stopTask(error);
    if (error instanceof StateError) events.failed(error);
    throw error;
  } finally {
    interruption.end();
  }
}

async function completeTask(
  lane: Lane,
  call: TaskCall,
  interruption: Interruption,
  events: TaskEvents,
): Promise<JsonText> {
  const running = lane.run.tasks.run(call);
  // Whoever has stopped waiting does not hear how the job ends, and need not.
  running.then(({ completion }) => completion?.catch(() => {})).catch(() => {});
  const reply = await lane.pause(interruption.race(running));
  if (!reply.completion) return reply.output;
  const completion = interruption.race(reply.completion);
  events.submitted(reply.output);
  return lane.pause(completion);
}

async function prepareTask(visit: Visit<TaskState>): Promise<{ taskArguments: JsonText; limits: TaskLimits }> {
  const { lane, state, input } = visit;
  const { resource } = state;
  if (resource.kind === 'integration' && resource.pattern === 'task-token') {
    visit.taskToken = newTaskToken(lane.run.identity.executionArn);
  }
  const bindings = visit.bindings();
  const evaluated = await visit.evaluate(async () => ({
    taskArguments: state.arguments ? JsonText.of(await state.arguments.evaluate(bindings)) : input,
    limits: {
      ...(state.timeoutSeconds && { timeoutSeconds: await seconds(state.timeoutSeconds, bindings) }),
      ...(state.heartbeatSeconds && { heartbeatSeconds: await seconds(state.heartbeatSeconds, bindings) }),
    },
  }));
  return { ...evaluated, taskArguments: checkedArguments(visit, evaluated.taskArguments) };
}

async function seconds(template: Template, bindings: Bindings): Promise<number> {
  const value = await template.evaluateAs('number', bindings);
  if (Number.isInteger(value) && value >= 1 && value <= 99_999_999) return value;
  const message = `The value of the field '${template.location}' must be an integer from 1 to 99999999, but was: ${value}`;
  throw new TemplateFault(message, template.location);
}

/** Looks at the arguments again now that their expressions have values. @throws StateError */
function checkedArguments(visit: Visit<TaskState>, taskArguments: JsonText): JsonText {
  const { resource } = visit.state;
  if (taskArguments.exceedsDataLimit) throw StateError.dataLimit(visit.state.name);
  if (resource.kind === 'function') return taskArguments;
  const operation = findOperation(resource);
  const problems = operation ? argumentProblems(operation.input, taskArguments.value) : [];
  if (problems.length > 0) {
    const list = problems.map(({ message }) => message).join(', ');
    throw visit.runtimeError(`The Parameters '${taskArguments.text}' could not be used to start the Task: [${list}]`);
  }
  return resource.service === 'ecs' && resource.pattern === 'sync' ? withStartedBy(taskArguments) : taskArguments;
}

/** AWS marks the ECS tasks that it waits for. */
function withStartedBy(taskArguments: JsonText): JsonText {
  const { value } = taskArguments;
  if (!isJsonObject(value) || 'StartedBy' in value) return taskArguments;
  return JsonText.of({ ...value, StartedBy: 'AWS Step Functions' });
}

/** Ends the wait for a Task early: by its time-out, or because its lane is aborted. */
class Interruption {
  readonly #timer = new AbortController();
  readonly #stop = new AbortController();
  readonly #happened: Promise<never>;
  readonly #onAbort: () => void;

  constructor(
    readonly lane: Lane,
    timeoutSeconds: number | undefined,
  ) {
    let interrupt: (error: Error) => void = () => {};
    this.#happened = new Promise((_, reject) => {
      interrupt = reject;
    });
    this.#happened.catch(() => {});
    this.#onAbort = () => interrupt(new LaneAborted());
    lane.signal.addEventListener('abort', this.#onAbort);
    if (timeoutSeconds === undefined) return;
    lane.run.clock.deadline(timeoutSeconds * 1000, this.#timer.signal, () => interrupt(StateError.timeout()));
  }

  /** Tells the Task that nobody waits for it any more. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  race<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {});
    return Promise.race([promise, this.#happened]);
  }

  stopTask(reason: unknown): void {
    this.#stop.abort(reason);
  }

  end(): void {
    this.#timer.abort('ended');
    this.lane.signal.removeEventListener('abort', this.#onAbort);
  }
}
