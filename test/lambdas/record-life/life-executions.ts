import type { AttemptRef } from '../../../core/ids.ts';
import { attemptName } from '../../../core/ids.ts';
import type { ExecutionInput } from '../../../core/workflow.ts';
import type { ExecutionState } from '../../../lambdas/shared/execution-state.ts';
import type { Definition } from '../../../local/stepfunctions/asl/definition.ts';
import { loadDefinition } from '../../../local/stepfunctions/asl/load-definition.ts';
import type { Clock } from '../../../local/stepfunctions/engine/clock.ts';
import { Execution, type ExecutionOutcome } from '../../../local/stepfunctions/engine/execution.ts';
import type { TaskRunner } from '../../../local/stepfunctions/engine/task-runner.ts';
import { Turns as EngineTurns } from '../../../local/stepfunctions/engine/turns.ts';
import { type Json, JsonText } from '../../../local/stepfunctions/json.ts';
import { stateMachine } from '../../workflow/state-machine-file.ts';
import type { Actor, Turns } from './turns.ts';

const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:outpost-dispatch';

export interface LifeExecution {
  readonly name: string;
  readonly executionArn: string;
  readonly execution: Execution;
  readonly actor: Actor;
  outcome?: ExecutionOutcome;
  closedAt?: Date;
}

export interface ExecutionParts {
  readonly turns: Turns;
  readonly tasks: TaskRunner;
  readonly now: () => Date;
  /** Time passes. */
  readonly pass: (milliseconds: number) => void;
  readonly dispatchesTable: string;
  readonly started: (ref: AttemptRef) => void;
  /** An execution has ended, otherwise than well. */
  readonly failed: (execution: LifeExecution, outcome: Exclude<ExecutionOutcome, { status: 'SUCCEEDED' }>) => void;
}

/** Executions of the dispatch state machine as it is deployed, on the embedded engine; its tasks take turns. */
export class LifeExecutions {
  readonly all = new Map<string, LifeExecution>();
  readonly #definition: Definition;

  constructor(readonly parts: ExecutionParts) {
    this.#definition = definitionOver(parts.dispatchesTable);
  }

  /** Starts an attempt's execution, unless there is one. */
  start(input: ExecutionInput): void {
    const name = attemptName(input);
    if (this.all.has(name)) return;
    this.parts.started(input);
    const executionArn = `${MACHINE.replace(':stateMachine:', ':execution:')}:${name}`;
    const identity = { executionArn, name, ...IDENTITY };
    const { tasks } = this.parts;
    const execution = new Execution(
      { definition: this.#definition, identity, input: JsonText.of(input as unknown as Json) },
      { tasks, clock: this.#clock(name), random: () => 0.5, sink: { append: () => {} }, turns: new EngineTurns() },
    );
    execution.start();
    const actor = this.parts.turns.begin(`execution ${name.slice(-4)}`, () => execution.run());
    const started: LifeExecution = { name, executionArn, execution, actor };
    this.all.set(name, started);
    actor.done.then(
      (outcome) => this.#over(started, outcome),
      (error) => this.#over(started, { status: 'FAILED', error: 'Test', cause: String(error) }),
    );
  }

  /** What an execution calls next is its own, whoever brought it about. */
  goesOn(name: string): void {
    const one = this.all.get(name);
    if (one) this.parts.turns.become(one.actor);
  }

  abort(one: LifeExecution): void {
    one.execution.abort('Stopped', 'by hand');
  }

  describe(ref: AttemptRef): ExecutionState {
    const one = this.all.get(attemptName(ref));
    if (!one) return { status: 'absent' };
    if (!one.outcome) return { status: 'running' };
    const { status } = one.outcome;
    const { error, cause } = status === 'SUCCEEDED' ? {} : one.outcome;
    return {
      status: 'closed',
      endedAs: status,
      error: error ?? `Execution.${status}`,
      cause: cause ?? '',
      closedAt: one.closedAt,
    };
  }

  get running(): LifeExecution[] {
    return [...this.all.values()].filter(({ outcome }) => !outcome);
  }

  #clock(name: string): Clock {
    const { turns, pass, now } = this.parts;
    return {
      now: () => now().getTime(),
      sleep: async (milliseconds) => {
        this.goesOn(name);
        await turns.pause('wait');
        pass(milliseconds);
      },
      // No time is up by itself: that a state's is, a command tells it.
      deadline: () => {},
    };
  }

  #over(one: LifeExecution, outcome: ExecutionOutcome): void {
    one.outcome = outcome;
    one.closedAt = this.parts.now();
    if (outcome.status !== 'SUCCEEDED') this.parts.failed(one, outcome);
  }
}

const definitions = new Map<string, Definition>();

/** Read once: its expressions take longer to read than a life takes. */
function definitionOver(dispatchesTable: string): Definition {
  const known = definitions.get(dispatchesTable);
  const definition =
    known ?? loadDefinition(JSON.stringify(stateMachine('dispatch', { DispatchesTable: dispatchesTable })));
  definitions.set(dispatchesTable, definition);
  return definition;
}

const IDENTITY = {
  stateMachineArn: MACHINE,
  stateMachineName: 'outpost-dispatch',
  roleArn: 'arn:aws:iam::000000000000:role/outpost',
  region: 'us-east-1',
};
