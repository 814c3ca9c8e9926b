/** The exit codes by which the worker's container says how it ended; any other is the agent's own. */
export const WORKER_EXIT = {
  badSpec: 65,
  uploadFailed: 74,
  notOurs: 75,
  timedOut: 124,
  noSuchCli: 127,
  stopped: 143,
} as const;

const RESERVED: readonly number[] = Object.values(WORKER_EXIT);

/** The container's exit code for an agent that exited by itself: its own, or 1 where that would say something else. */
export function containerExitCode(agentExitCode: number): number {
  return RESERVED.includes(agentExitCode) ? 1 : agentExitCode;
}

/** What a person reads for the exit code of a worker that did not finish its work. */
export function describeExitCode(code: number): string {
  switch (code) {
    case WORKER_EXIT.badSpec:
      return 'The worker could not read the dispatch it was given (exit 65).';
    case WORKER_EXIT.uploadFailed:
      return 'The output could not be uploaded to S3 (exit 74).';
    case WORKER_EXIT.notOurs:
      return 'The worker was not allowed to begin: the attempt had ended, was cancelled, or belongs to another worker (exit 75).';
    case WORKER_EXIT.noSuchCli:
      return "The agent's CLI is not installed where its worker runs (exit 127).";
    case WORKER_EXIT.stopped:
      return 'The ECS task was stopped before the agent had finished (exit 143).';
    case 137:
      return 'The container was killed (exit 137): it ran out of memory or was stopped by force.';
    case 139:
      return 'The worker crashed with a segmentation fault (exit 139).';
    default:
      return `The container exited with code ${code}.`;
  }
}
