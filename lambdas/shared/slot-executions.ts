import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { SlotInput } from '../../core/workflow.ts';
import { describeExecution, type ExecutionState, executionArn } from './execution-state.ts';

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

  async describe(slotId: string): Promise<ExecutionState> {
    return describeExecution(this.client, executionArn(this.stateMachineArn, slotId));
  }
}
