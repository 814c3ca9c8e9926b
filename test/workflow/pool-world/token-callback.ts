import type { TaskCallback } from '../../../lambdas/shared/task-callback.ts';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import type { TaskTokens } from '../../../local/stepfunctions/integrations/task-tokens.ts';
import { type Json, JsonText } from '../../../local/stepfunctions/json.ts';

const REFUSALS = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'];

/** A worker's side of the task tokens, without a network in between. */
export function callbackOver(tokens: TaskTokens, losesHeartbeats: () => boolean): TaskCallback {
  return {
    heartbeat: async (token) => {
      if (losesHeartbeats()) throw new Error('The heartbeat was lost.');
      return accepted(() => tokens.waiting(token).heartbeat());
    },
    succeed: async (token, output) => accepted(() => tokens.waiting(token).succeed(JsonText.of(output as Json))),
  };
}

function accepted(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof AwsError && REFUSALS.includes(error.code)) return false;
    throw error;
  }
}
