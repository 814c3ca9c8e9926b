import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type HistoryEvent,
  paginateGetExecutionHistory,
  paginateListExecutions,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { ExecutionInput } from '../../core/workflow.ts';
import { describeExecution, type ExecutionState, executionArn } from './execution-state.ts';

/** The executions of the dispatch state machine: one per attempt, known by the attempt's name. */
export class Executions {
  constructor(
    private readonly client: SFNClient,
    private readonly stateMachineArn: string,
  ) {}

  /** `arn:…:stateMachine:<name>` → `arn:…:execution:<name>:<dispatchId>-<attempt>`. */
  arnOf(ref: AttemptRef): string {
    return executionArn(this.stateMachineArn, attemptName(ref));
  }

  /** Starts the attempt's execution; one that was started before, running or closed, counts as started. */
  async start(input: ExecutionInput): Promise<void> {
    try {
      await this.client.send(
        new StartExecutionCommand({
          stateMachineArn: this.stateMachineArn,
          name: attemptName(input),
          input: JSON.stringify(input),
        }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }

  async describe(ref: AttemptRef): Promise<ExecutionState> {
    return describeExecution(this.client, this.arnOf(ref));
  }

  /** The names of all that run, `<dispatchId>-<attempt>`. The list lags a moment behind. */
  async running(): Promise<Set<string>> {
    const names = new Set<string>();
    const pages = paginateListExecutions(
      { client: this.client, pageSize: 1000 },
      { stateMachineArn: this.stateMachineArn, statusFilter: 'RUNNING' },
    );
    for await (const { executions = [] } of pages) for (const { name } of executions) if (name) names.add(name);
    return names;
  }

  /** Every event of an execution, in order and without inputs and outputs; `undefined` where it was never started. */
  async history(executionArn: string): Promise<HistoryEvent[] | undefined> {
    const pages = paginateGetExecutionHistory(
      { client: this.client, pageSize: 1000 },
      { executionArn, includeExecutionData: false },
    );
    try {
      const events: HistoryEvent[] = [];
      for await (const page of pages) events.push(...(page.events ?? []));
      return events;
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  }
}
