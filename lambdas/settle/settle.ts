import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import { type EcsStop, readStop } from '../../core/ecs-stop.ts';
import type { ExecutionStatusChange } from '../../core/events.ts';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { parseAttemptName } from '../../core/ids.ts';
import type { Outcome } from '../../core/outcome.ts';
import { OUR_STOP_PREFIX } from '../../core/stop-reason.ts';
import { withDetail } from '../../core/wording.ts';
import type { RecordedOutcome } from '../../core/workflow.ts';
import { type CollectCollaborators, collectOutput } from '../shared/collect-output.ts';
import { type MapStopCollaborators, mapStop } from '../shared/map-stop.ts';
import { type OutcomeCollaborators, recordOutcome } from '../shared/record-outcome.ts';
import { type StopCollaborators, stopAndAwait } from './await-stop.ts';

export type SettleCollaborators = CollectCollaborators &
  MapStopCollaborators &
  OutcomeCollaborators &
  StopCollaborators;

/** Characters of an execution's error and cause that a reason keeps. */
const MAX_WORDS = 1_000;

type EndedExecution = ExecutionStatusChange['detail'];

/**
 * Ends an attempt whose execution ended before it could: stops what still runs, collects what was uploaded, and writes
 * the outcome. Answers `undefined` where there is nothing to settle: the event is about an attempt that has ended, is
 * not current, or is not ours.
 */
export async function settle(
  collaborators: SettleCollaborators,
  execution: EndedExecution,
): Promise<RecordedOutcome | undefined> {
  const ref = parseAttemptName(execution.name);
  if (!ref) return undefined;
  const record = await collaborators.dispatches.get(ref.dispatchId);
  if (record?.attempt !== ref.attempt) return undefined;
  // An outcome that was written by an execution which died before it could publish it is announced here.
  if (isTerminal(record.status) && record.publishedAt !== undefined) return undefined;
  const outcome = isTerminal(record.status)
    ? { status: record.status }
    : await outcomeOf(collaborators, record, execution);
  return recordOutcome(collaborators, ref, outcome, 'settle');
}

async function outcomeOf(
  collaborators: SettleCollaborators,
  record: DispatchRecord,
  execution: EndedExecution,
): Promise<Outcome> {
  const stop = record.taskArn
    ? await stopAndAwait(collaborators, record.taskArn, `execution ${execution.status}`)
    : undefined;
  const report = {
    ...(stop ? { stop: withoutStepFunctions(stop, execution) } : {}),
    ...(record.taskArn ? { awaitedTaskArn: record.taskArn } : {}),
    timedOut: false,
  };
  const { runAgain: _, otherTaskArn, ...mapped } = await mapStop(collaborators, record, report);
  // An ECS task passed the start fence since the record was read: it is stopped like one that had before.
  if (otherTaskArn) return outcomeOf(collaborators, { ...record, taskArn: otherTaskArn }, execution);
  return collectOutput(collaborators, record, asTheExecutionEnded(mapped, stop, execution));
}

/**
 * Step Functions itself stops the ECS task of an execution that is aborted or runs out of time. ECS calls that
 * `UserInitiated`, but it is nobody's cancel.
 */
function withoutStepFunctions(stop: EcsStop, { status }: EndedExecution): EcsStop {
  if (status === 'FAILED' || stop.stopCode !== 'UserInitiated') return stop;
  return { ...stop, stoppedReason: `${OUR_STOP_PREFIX}execution ${status}` };
}

/**
 * What the agent, the worker or a cancel brought about stays. A failure that nothing of these explains is the
 * execution's own end.
 */
function asTheExecutionEnded(mapped: Outcome, stop: EcsStop | undefined, execution: EndedExecution): Outcome {
  if (mapped.status !== 'FAILED' || endedByItself(stop)) return mapped;
  return { ...mapped, status: execution.status === 'TIMED_OUT' ? 'TIMEOUT' : 'FAILED', reason: reasonOf(execution) };
}

function endedByItself(stop: EcsStop | undefined): boolean {
  const { stopCode, exitCode } = readStop(stop);
  return stopCode === 'EssentialContainerExited' && exitCode !== undefined && exitCode !== WORKER_EXIT.stopped;
}

function reasonOf({ status, error, cause }: EndedExecution): string {
  const detail = [error, cause].filter(Boolean).join(': ').slice(0, MAX_WORDS);
  const what = { ABORTED: 'was stopped', TIMED_OUT: 'ran out of its time', FAILED: 'failed' }[status];
  return withDetail(`The execution ${what}`, detail);
}
