import { DescribeExecutionCommand, ExecutionDoesNotExist, type SFNClient } from '@aws-sdk/client-sfn';

/** What Step Functions says of an execution; it may lag a moment behind. */
export type ExecutionState =
  | { readonly status: 'absent' | 'running' }
  | {
      readonly status: 'closed';
      /** `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`. */
      readonly endedAs: string;
      readonly error: string;
      readonly cause: string;
      readonly closedAt?: Date | undefined;
    };

/** `arn:…:stateMachine:<machine>` → `arn:…:execution:<machine>:<name>`. */
export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** One that waits for a redrive runs, as AWS counts it. Of one without an error, `Execution.<status>` is the error. */
export async function describeExecution(client: SFNClient, executionArn: string): Promise<ExecutionState> {
  try {
    const { status, error, cause, stopDate } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return { status: 'running' };
    const endedAs = status ?? 'UNKNOWN';
    return {
      status: 'closed',
      endedAs,
      error: error ?? `Execution.${endedAs}`,
      cause: cause ?? '',
      closedAt: stopDate,
    };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return { status: 'absent' };
    throw error;
  }
}
