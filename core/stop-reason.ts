import type { TerminalStatus } from './dispatch-status.ts';
import { type EcsStop, readStop, type StopFacts } from './ecs-stop.ts';
import { containerExitCode, describeExitCode, WORKER_EXIT } from './exit-codes.ts';
import { asSentence, withDetail } from './wording.ts';
import type { WorkerResult } from './worker-result.ts';

/** Begins the `reason` of every StopTask of ours, so that its `UserInitiated` is not taken for a user's cancel. */
export const OUR_STOP_PREFIX = 'outpost:';

/** What was asked of the attempt, as far as it bears on how it ended. */
export interface StopIntent {
  cancelRequested?: boolean;
  /** The run state of the execution ran out of its time. */
  timedOut?: boolean;
}

/** What an attempt came to. Every status but SUCCESS has a reason. */
export interface StopOutcome {
  status: TerminalStatus;
  exitCode?: number;
  reason?: string;
  /** The agent never began, for a reason that a fresh ECS task may not meet. */
  runAgain?: boolean;
}

/** What a cancel brings about that came before the outcome. */
export const CANCELLED_ON_REQUEST = { status: 'CANCELLED', reason: 'Cancelled on request.' } as const;

const INFRASTRUCTURE_STOPS = ['TaskFailedToStart', 'SpotInterruption', 'TerminationNotice'];

/** Maps a stop to its status, by the rules of the design's "Status from the stop", in their order. Never throws. */
export function mapStopReason(stop: EcsStop | undefined, intent: StopIntent, result?: WorkerResult): StopOutcome {
  const facts = withExitCodeOf(result, readStop(stop));
  const exitCode = result?.exitCode ?? facts.exitCode;
  const outcome = decide(facts, intent, result);
  return { ...outcome, ...(exitCode === undefined ? {} : { exitCode }) };
}

function decide(facts: StopFacts, intent: StopIntent, result: WorkerResult | undefined): StopOutcome {
  if (intent.cancelRequested && !finishedWell(facts, intent, result)) return CANCELLED_ON_REQUEST;
  if (ranOutOfTime(facts, intent, result)) return { status: 'TIMEOUT', reason: timeoutReason(result) };
  if (facts.exitCode === 0) return { status: 'SUCCESS' };
  if (isInfrastructureStop(facts)) return infrastructureOutcome(facts, result);
  if (facts.stopCode === 'UserInitiated') {
    return { status: 'CANCELLED', reason: withDetail('The ECS task was stopped by hand', facts.stoppedReason) };
  }
  if (facts.exitCode !== undefined) return { status: 'FAILED', reason: exitReason(facts, facts.exitCode, result) };
  return outcomeFromWords(facts, result);
}

/** Where ECS no longer knows the container's exit code, the worker's own account of it stands in. */
function withExitCodeOf(result: WorkerResult | undefined, facts: StopFacts): StopFacts {
  if (facts.exitCode !== undefined || result?.exitCode === undefined) return facts;
  if (result.endedBy === 'agent') return { ...facts, exitCode: containerExitCode(result.exitCode) };
  return result.endedBy === 'stop' ? { ...facts, exitCode: WORKER_EXIT.stopped } : facts;
}

function finishedWell(facts: StopFacts, intent: StopIntent, result: WorkerResult | undefined): boolean {
  return facts.exitCode === 0 && !ranOutOfTime(facts, intent, result);
}

function ranOutOfTime(facts: StopFacts, intent: StopIntent, result: WorkerResult | undefined): boolean {
  return result?.endedBy === 'timeout' || intent.timedOut === true || facts.exitCode === WORKER_EXIT.timedOut;
}

function timeoutReason(result: WorkerResult | undefined): string {
  if (result?.endedBy === 'agent') return 'The agent finished, but its ECS task did not end within its time.';
  return result?.reason || 'The agent did not finish within its time.';
}

function isInfrastructureStop({ stopCode, stoppedReason }: StopFacts): boolean {
  return INFRASTRUCTURE_STOPS.includes(stopCode ?? '') || stoppedReason?.startsWith(OUR_STOP_PREFIX) === true;
}

function infrastructureOutcome(facts: StopFacts, result: WorkerResult | undefined): StopOutcome {
  const { stopCode = 'outpost', stoppedReason } = facts;
  if (stoppedReason?.startsWith(OUR_STOP_PREFIX)) {
    return {
      status: 'FAILED',
      reason: withDetail('Outpost stopped the ECS task', stoppedReason.slice(OUR_STOP_PREFIX.length)),
    };
  }
  const what: Record<string, string> = {
    TaskFailedToStart: 'The ECS task failed to start',
    SpotInterruption: 'The ECS task lost its spot capacity',
    TerminationNotice: 'The host of the ECS task was taken away',
  };
  const reason = withDetail(what[stopCode] ?? stopCode, stoppedReason ?? facts.containerReason);
  return { status: 'FAILED', reason, ...(result === undefined ? { runAgain: true } : {}) };
}

function exitReason(facts: StopFacts, exitCode: number, result: WorkerResult | undefined): string {
  if (
    result?.endedBy === 'agent' &&
    result.exitCode !== undefined &&
    result.exitCode !== 0 &&
    exitCode !== WORKER_EXIT.uploadFailed
  ) {
    return withDetail(`The agent exited with code ${result.exitCode}`, result.reason);
  }
  // The worker's own words say it all where its exit code says nothing.
  if (result?.endedBy === 'worker' && result.reason && exitCode === 1) return asSentence(result.reason);
  // An agent's reason is why it failed, and not why its worker did.
  const reason = result?.endedBy === 'agent' ? undefined : result?.reason;
  return withDetail(describeExitCode(exitCode).replace(/\.$/, ''), reason ?? facts.containerReason);
}

/** No exit code, no code we know: what is left are ECS's own words. */
function outcomeFromWords(
  { stoppedReason, containerReason }: StopFacts,
  result: WorkerResult | undefined,
): StopOutcome {
  const words = stoppedReason === 'Essential container in task exited' ? containerReason : stoppedReason;
  if (words && /\btime[d]?[ -]?out\b/i.test(words))
    return { status: 'TIMEOUT', reason: withDetail('The ECS task timed out', words) };
  const reason = result?.reason ?? words;
  return { status: 'FAILED', reason: withDetail('The ECS task ended without saying how', reason) };
}
