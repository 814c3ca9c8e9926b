import type { HistoryEventType } from '@aws-sdk/client-sfn';
import type { State, Transforms } from '../asl/definition.ts';
import { type Json, type JsonObject, JsonText } from '../json.ts';
import type { Bindings } from '../jsonata/expression.ts';
import { TemplateFault } from '../jsonata/fault.ts';
import { isoTime } from '../timestamp.ts';
import { NOT_TRUNCATED } from './history.ts';
import type { Lane } from './lane.ts';
import { StateError } from './state-error.ts';

/** A lane's stay in one state, from StateEntered to StateExited. */
export class Visit<S extends State = State> {
  retryCount = 0;
  taskToken: string | undefined;
  readonly enteredId: number;
  readonly #enteredFrom: number;
  /** Milliseconds since the epoch. */
  readonly #enteredTime: number;

  constructor(
    readonly lane: Lane,
    readonly state: S,
    readonly input: JsonText,
  ) {
    const { history, clock } = lane.run;
    lane.state = state;
    // The execution's first state follows nothing: AWS records 0, not the ExecutionStarted event.
    this.#enteredFrom = history.length === 1 ? 0 : lane.lastEventId;
    this.#enteredTime = clock.now();
    const details = { input: input.text, inputDetails: NOT_TRUNCATED, name: state.name };
    this.enteredId = lane.emit(`${state.type}StateEntered`, details, this.#enteredFrom);
  }

  /** What expressions of the state see. @param more `result` or `errorOutput` */
  bindings(more: Readonly<Record<string, Json>> = {}, lane = this.lane): Bindings {
    return lane.bindings({ input: this.input.value, context: this.#context(lane), ...more });
  }

  /**
   * Evaluates fields of the state; a fault is recorded.
   * @param lane the iteration that the fields are evaluated for, where it is not the state's own lane
   * @throws StateError
   */
  async evaluate<T>(evaluation: () => T | Promise<T>, lane = this.lane): Promise<T> {
    try {
      return await evaluation();
    } catch (error) {
      throw this.#orFault(error, lane);
    }
  }

  /** Records a fault of evaluation and makes the state's error of it. @param previous the event that it follows */
  fault(fault: TemplateFault, previous: number, lane = this.lane): StateError {
    const error = new StateError(fault.error, `${this.#subject} ${fault.message}`);
    if (fault.error === 'States.QueryEvaluationError') {
      const location = fault.location === undefined ? {} : { location: fault.location };
      lane.emit('EvaluationFailed', { ...error.details, ...location, state: this.state.name }, previous);
    }
    return error;
  }

  runtimeError(message: string): StateError {
    return StateError.runtime(`${this.#subject} ${message}`);
  }

  /**
   * Evaluates Assign and Output, which both see the variables as they were.
   * @param fallback what the state puts out where it has no Output
   */
  transform(
    transforms: Transforms,
    fallback: JsonText,
    more?: Readonly<Record<string, Json>>,
  ): Transformed | Promise<Transformed> {
    if (!transforms.assign && !transforms.output) return { output: fallback, assigned: undefined };
    return this.#transform(transforms, fallback, more);
  }

  async #transform({ assign, output }: Transforms, fallback: JsonText, more?: Readonly<Record<string, Json>>) {
    const bindings = this.bindings(more);
    let transformed: Transformed;
    try {
      transformed = {
        assigned: assign && (await assign.evaluateAs('object', bindings)),
        output: output ? JsonText.of(await output.evaluate(bindings)) : fallback,
      };
    } catch (error) {
      throw this.#orFault(error);
    }
    if (transformed.output.exceedsDataLimit) throw StateError.dataLimit(this.state.name);
    return transformed;
  }

  /** Records that the lane leaves the state, and makes its assignments count. */
  exit({ output, assigned }: Transformed): JsonText {
    const { name, type } = this.state;
    const details: Record<string, unknown> = { name, output: output.text, outputDetails: NOT_TRUNCATED };
    if (assigned) {
      details['assignedVariables'] = this.#assign(assigned);
      details['assignedVariablesDetails'] = NOT_TRUNCATED;
    }
    this.lane.emit(`${type}StateExited` as HistoryEventType, details);
    this.lane.state = undefined;
    return output;
  }

  #assign(assigned: JsonObject): Readonly<Record<string, string>> {
    const texts: Record<string, string> = {};
    for (const [name, value] of Object.entries(assigned)) {
      const text = JsonText.of(value);
      if (text.exceedsDataLimit) throw StateError.dataLimit(this.state.name);
      texts[name] = text.text;
      this.lane.variables[name] = value;
    }
    return texts;
  }

  #orFault(error: unknown, lane = this.lane): unknown {
    return error instanceof TemplateFault ? this.fault(error, this.#faultFollows(lane), lane) : error;
  }

  get #subject(): string {
    return `An error occurred while executing the state '${this.state.name}' (entered at the event id #${this.enteredId}).`;
  }

  /** AWS chains a fault right after entering to what came before the state. */
  #faultFollows(lane: Lane): number {
    return lane.lastEventId === this.enteredId ? this.#enteredFrom : lane.lastEventId;
  }

  #context({ run, mapItem }: Lane): Readonly<Record<string, unknown>> {
    const State: Record<string, unknown> = {
      Name: this.state.name,
      EnteredTime: isoTime(this.#enteredTime),
    };
    if ('retry' in this.state) State['RetryCount'] = this.retryCount;
    const context: Record<string, unknown> = { ...run.context, State };
    if (this.taskToken !== undefined) context['Task'] = { Token: this.taskToken };
    if (mapItem) context['Map'] = { Item: mapItem };
    return context;
  }
}

export interface Transformed {
  readonly output: JsonText;
  readonly assigned: JsonObject | undefined;
}
