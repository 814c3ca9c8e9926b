import type { ExecutionStatusChange } from '../../core/events.ts';
import { withDetail, wordsOfError } from '../../core/wording.ts';
import type { ExecutionState } from '../shared/execution-state.ts';

/** What is known of the execution that did not end its attempt. */
export interface EndedExecution {
  /** As Step Functions says it; `RUNNING` of one that lives and gets nowhere, `ABSENT` of one that is not there. */
  readonly status: string;
  readonly words?: string | undefined;
}

/** Characters of an execution's error and cause that a reason keeps. */
const MAX_WORDS = 1_000;

const WHAT_IT_DID: Readonly<Record<string, string>> = {
  ABORTED: 'was stopped',
  TIMED_OUT: 'ran out of its time',
  FAILED: 'failed',
  ABSENT: 'is not there',
  RUNNING: 'could not end the attempt',
};

export function executionOfEvent({ status, error, cause }: ExecutionStatusChange['detail']): EndedExecution {
  return { status, words: wordsOfError(error, cause) };
}

/** @param why what the asker knows of it */
export function executionOfRequest(state: ExecutionState, why: string): EndedExecution {
  if (state.status === 'closed') {
    const { endedAs, error, cause } = state;
    // Where Step Functions has no error to tell, one is made of the status, which says nothing more.
    return { status: endedAs, words: wordsOfError(error === `Execution.${endedAs}` ? '' : error, cause) };
  }
  return { status: state.status === 'running' ? 'RUNNING' : 'ABSENT', words: why };
}

/** Why an attempt failed that nothing but its execution's end explains. */
export function reasonOf({ status, words }: EndedExecution): string {
  const what = WHAT_IT_DID[status] ?? 'ended without the outcome';
  return withDetail(`The execution ${what}`, words?.slice(0, MAX_WORDS));
}
