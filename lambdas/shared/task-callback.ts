import {
  InvalidToken,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';

/** The execution that waits behind a task token. A refusal is `false`: it has ended, or waits for this token no more. */
export interface TaskCallback {
  heartbeat(taskToken: string): Promise<boolean>;
  succeed(taskToken: string, output: unknown): Promise<boolean>;
}

export function stepFunctionsCallback(client: SFNClient): TaskCallback {
  return {
    heartbeat: (taskToken) => accepted(client.send(new SendTaskHeartbeatCommand({ taskToken }))),
    succeed: (taskToken, output) =>
      accepted(client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }))),
  };
}

async function accepted(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    const refused = [TaskTimedOut, TaskDoesNotExist, InvalidToken].some((refusal) => error instanceof refusal);
    if (refused) return false;
    throw error;
  }
}
