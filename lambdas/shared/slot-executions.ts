import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { SlotInput } from '../../core/workflow.ts';

/** What Step Functions says of a slot's execution; it may lag a moment behind. */
export type SlotExecution =
  | { readonly status: 'absent' | 'running' }
  | { readonly status: 'closed'; readonly error: string; readonly cause: string };

/** The executions of the warm slots' state machine: one per slot, known by the slot's id. */
export class SlotExecutions {
  constructor(
    private readonly client: SFNClient,
    private readonly stateMachineArn: string,
  ) {}

  /** Starts a slot's execution; one that was started before, running or closed, counts as started. */
  async start({ agentType, slotId, taskDefinitionArn }: SlotInput): Promise<void> {
    try {
      await this.client.send(
        new StartExecutionCommand({
          stateMachineArn: this.stateMachineArn,
          name: slotId,
          input: JSON.stringify({ agentType, slotId, taskDefinitionArn }),
        }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }

  async describe(slotId: string): Promise<SlotExecution> {
    const executionArn = `${this.stateMachineArn.replace(':stateMachine:', ':execution:')}:${slotId}`;
    try {
      const { status, error, cause } = await this.client.send(new DescribeExecutionCommand({ executionArn }));
      if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return { status: 'running' };
      return { status: 'closed', error: error ?? `Execution.${status}`, cause: cause ?? '' };
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return { status: 'absent' };
      throw error;
    }
  }
}
