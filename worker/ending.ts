import type { DispatchSpec } from '../core/dispatch-spec.ts';
import { containerExitCode, WORKER_EXIT } from '../core/exit-codes.ts';
import type { WorkerResult } from '../core/worker-result.ts';
import type { AgentEnd } from './agent/agent-run.ts';

/** What came of the agent, and the exit code that the container repeats it by. */
export interface Ending {
  readonly result: Pick<WorkerResult, 'endedBy' | 'exitCode' | 'reason'>;
  readonly containerExit: number;
}

export function endingOf({ endedBy, exitCode }: AgentEnd, { timeoutSeconds }: DispatchSpec): Ending {
  switch (endedBy) {
    case 'agent':
      return { result: { endedBy, exitCode }, containerExit: containerExitCode(exitCode) };
    case 'timeout': {
      const reason = `The agent did not finish within its ${timeoutSeconds} ${timeoutSeconds === 1 ? 'second' : 'seconds'}.`;
      return { result: { endedBy, exitCode, reason }, containerExit: WORKER_EXIT.timedOut };
    }
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

export function noSuchAgent({ agent }: DispatchSpec): Ending {
  return failedToStart(`This worker does not know how to run the agent ${agent}.`, true);
}

/** @param isMissing the image has no such program */
export function failedToStart(reason: string, isMissing: boolean): Ending {
  return { result: { endedBy: 'worker', reason }, containerExit: isMissing ? WORKER_EXIT.noSuchCli : 1 };
}
