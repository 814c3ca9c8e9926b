import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type HistoryEvent,
  paginateGetExecutionHistory,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { ExecutionInput } from '../../core/workflow.ts';

/** The executions of the dispatch state machine: one per attempt, known by the attempt's name. */
export class Executions {
  constructor(
    private readonly client: SFNClient,
    private readonly stateMachineArn: string,
  ) {}

  /** `arn:…:stateMachine:<name>` → `arn:…:execution:<name>:<dispatchId>-<attempt>`. */
  arnOf(ref: AttemptRef): string {
    return `${this.stateMachineArn.replace(':stateMachine:', ':execution:')}:${attemptName(ref)}`;
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
