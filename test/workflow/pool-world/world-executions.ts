import { loadDefinition } from '../../../local/stepfunctions/asl/load-definition.ts';
import { Execution, type ExecutionOutcome } from '../../../local/stepfunctions/engine/execution.ts';
import type { HistoryEvent } from '../../../local/stepfunctions/engine/history.ts';
import type { TaskRunner } from '../../../local/stepfunctions/engine/task-runner.ts';
import { Turns } from '../../../local/stepfunctions/engine/turns.ts';
import { type Json, JsonText } from '../../../local/stepfunctions/json.ts';
import { type StateMachineName, stateMachine } from '../state-machine-file.ts';
import type { WorldGround } from './world-ground.ts';

export interface WorldExecution {
  readonly executionArn: string;
  readonly name: string;
  readonly execution: Execution;
  readonly events: readonly HistoryEvent[];
  /** Absent while it runs. */
  outcome?: ExecutionOutcome;
}

export interface FailedExecution extends Pick<WorldExecution, 'executionArn' | 'name'> {
  readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** The executions of both state machines, on the embedded engine. */
export class WorldExecutions {
  readonly #ground: WorldGround;
  readonly #tasks: TaskRunner;
  readonly #failed: (execution: FailedExecution) => unknown;
  readonly #all = new Map<string, WorldExecution>();
  readonly #turns = new Turns();

  /** @param failed an execution of the dispatch state machine has failed, or was stopped */
  constructor(ground: WorldGround, tasks: TaskRunner, failed: (execution: FailedExecution) => unknown) {
    this.#ground = ground;
    this.#tasks = tasks;
    this.#failed = failed;
  }

  /** Starts an execution, unless there is one of this name. */
  start(machine: StateMachineName, name: string, input: object): WorldExecution {
    const existing = this.find(machine, name);
    if (existing) return existing;
    const executionArn = arnOf(machine, name);
    const events: HistoryEvent[] = [];
    const execution = this.#prepare(machine, { executionArn, name }, input, events);
    const started: WorldExecution = { executionArn, name, execution, events };
    this.#all.set(executionArn, started);
    this.#ground.executionArns.add(executionArn);
    execution.start();
    void execution.run().then((outcome) => {
      started.outcome = outcome;
      if (machine === 'dispatch' && outcome.status !== 'SUCCEEDED') this.#failed({ executionArn, name, ...outcome });
    });
    return started;
  }

  find(machine: StateMachineName, name: string): WorldExecution | undefined {
    return this.#all.get(arnOf(machine, name));
  }

  /** Cuts off whatever still runs, without a trace. */
  close(): void {
    for (const { execution } of this.#all.values()) execution.abandon();
  }

  #prepare(
    machine: StateMachineName,
    names: Pick<WorldExecution, 'executionArn' | 'name'>,
    input: object,
    events: HistoryEvent[],
  ): Execution {
    const { clock, tables } = this.#ground;
    const substitutions = { DispatchesTable: tables.dispatchesTable, PoolTable: tables.poolTable };
    const stateMachineName = `outpost-${machine}`;
    const identity = {
      ...names,
      stateMachineArn: `arn:aws:states:us-east-1:000000000000:stateMachine:${stateMachineName}`,
      stateMachineName,
      roleArn: 'arn:aws:iam::000000000000:role/outpost',
      region: 'us-east-1',
    };
    return new Execution(
      {
        definition: loadDefinition(JSON.stringify(stateMachine(machine, substitutions))),
        identity,
        input: JsonText.of(input as Json),
      },
      {
        tasks: this.#tasks,
        clock,
        random: () => 0.5,
        sink: { append: (event) => void events.push(event) },
        turns: this.#turns,
      },
    );
  }
}

function arnOf(machine: StateMachineName, name: string): string {
  return `arn:aws:states:us-east-1:000000000000:execution:outpost-${machine}:${name}`;
}

/** The states in the order in which they were entered. */
export function pathOf({ events }: WorldExecution): string[] {
  return events.flatMap((event) => {
    const details = event['stateEnteredEventDetails'] as { name: string } | undefined;
    return details ? [details.name] : [];
  });
}
