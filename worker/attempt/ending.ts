import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { containerExitCode, WORKER_EXIT } from '../../core/exit-codes.ts';
import { asSentence } from '../../core/wording.ts';
import type { WorkerResult } from '../../core/worker-result.ts';
import type { AgentEnd } from '../agent/agent-run.ts';

/** What came of the agent, and the exit code that the container repeats it by. */
export interface Ending {
  readonly result: Pick<WorkerResult, 'endedBy' | 'exitCode' | 'reason'>;
  readonly containerExit: number;
}

/** @param words why the agent may have failed, by its CLI's own account and others' */
export function endingOf(
  { endedBy, exitCode }: AgentEnd,
  spec: DispatchSpec,
  words: readonly (string | undefined)[] = [],
): Ending {
  switch (endedBy) {
    case 'agent': {
      const reason = exitCode === 0 ? '' : words.flatMap((said) => (said ? [asSentence(said)] : [])).join(' ');
      return {
        result: { endedBy, exitCode, ...(reason === '' ? {} : { reason }) },
        containerExit: containerExitCode(exitCode),
      };
    }
    case 'timeout':
      return { result: { endedBy, exitCode, reason: tooLate(spec) }, containerExit: WORKER_EXIT.timedOut };
    case 'stop':
      return { result: { endedBy, exitCode }, containerExit: WORKER_EXIT.stopped };
  }
}

export function stoppedEarly(): Ending {
  return {
    result: { endedBy: 'stop', reason: 'The worker was stopped before the agent began.' },
    containerExit: WORKER_EXIT.stopped,
  };
}

/** Its time was up before the agent began: it had gone into the clone, or into what `why` says. */
export function outOfTime(spec: DispatchSpec, why?: string): Ending {
  const reason = why === undefined ? tooLate(spec) : `${tooLate(spec).replace(/\.$/, '')}: ${why}.`;
  return { result: { endedBy: 'timeout', reason }, containerExit: WORKER_EXIT.timedOut };
}

function tooLate({ timeoutSeconds }: DispatchSpec): string {
  return `The agent did not finish within its ${timeoutSeconds} ${timeoutSeconds === 1 ? 'second' : 'seconds'}.`;
}

/** Its CLI takes a failure for a success, as with a wrong key. */
export function reachedNoModel({ agent }: DispatchSpec, why = 'Its log says why.'): Ending {
  const reason = `The CLI of ${agent} ended with exit code 0, but no model has answered it. ${why}`;
  return { result: { endedBy: 'worker', exitCode: 0, reason }, containerExit: 1 };
}

export function noSuchAgent({ agent }: DispatchSpec): Ending {
  return failedToStart(`This worker does not know how to run the agent ${agent}.`, true);
}

/** @param isMissing the image has no such program */
export function failedToStart(reason: string, isMissing: boolean): Ending {
  return { result: { endedBy: 'worker', reason }, containerExit: isMissing ? WORKER_EXIT.noSuchCli : 1 };
}
