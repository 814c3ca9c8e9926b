import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import { type EcsStop, readStop } from '../../core/ecs-stop.ts';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { RecordedOutcome } from '../../core/workflow.ts';
import { type CollectCollaborators, collectOutput } from '../shared/collect-output.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import { type MapStopCollaborators, mapStop } from '../shared/map-stop.ts';
import type { PoolStore } from '../shared/pool-store.ts';
import { AttemptHasBegun, type OutcomeCollaborators, recordOutcome } from '../shared/record-outcome.ts';
import { withoutStepFunctions } from '../shared/without-step-functions.ts';
import { type StopCollaborators, stopAndAwait } from './await-stop.ts';
import { type EndedExecution, reasonOf } from './ended-execution.ts';

export type SettleCollaborators = CollectCollaborators &
  MapStopCollaborators &
  OutcomeCollaborators &
  StopCollaborators & {
    readonly dispatches: Pick<DispatchStore, 'noteSettling'>;
    readonly pool: Pick<PoolStore, 'newest'>;
  };

/**
 * Ends an attempt whose execution cannot: stops what still runs, waits for its last upload, collects what was uploaded,
 * and writes the outcome. Answers `undefined` where there is nothing to settle: the attempt has ended and was announced,
 * is not the current one, or has no record.
 */
export async function settle(
  collaborators: SettleCollaborators,
  ref: AttemptRef,
  execution: EndedExecution,
): Promise<RecordedOutcome | undefined> {
  const record = await collaborators.dispatches.get(ref.dispatchId);
  if (record?.attempt !== ref.attempt) return undefined;
  // An outcome that was written by who died before it could publish it is announced here.
  if (isTerminal(record.status) && record.publishedAt !== undefined) return undefined;
  const outcome = isTerminal(record.status)
    ? { status: record.status }
    : await outcomeOf(collaborators, record, execution, await tasksOf(collaborators, record));
  try {
    return await recordOutcome(collaborators, ref, outcome, 'settle');
  } catch (error) {
    // A worker has passed the start fence since. That happens once in an attempt, so this ends.
    if (error instanceof AttemptHasBegun && outcome.taskArn === undefined) {
      return settle(collaborators, ref, execution);
    }
    throw error;
  }
}

/** @param taskArns the ECS tasks that run the attempt, or may */
async function outcomeOf(
  collaborators: SettleCollaborators,
  record: DispatchRecord,
  execution: EndedExecution,
  taskArns: readonly string[],
): Promise<Outcome> {
  const why = `execution ${execution.status}`;
  // So that nobody asks for the same meanwhile. Of an attempt that has just ended or been replayed, the outcome is refused.
  await collaborators.dispatches.noteSettling(record, collaborators.now().toISOString());
  const stops = await Promise.all(taskArns.map((taskArn) => stopAndAwait(collaborators, taskArn, why)));
  const stop = stops.find((one) => one !== undefined);
  const [awaitedTaskArn] = taskArns;
  const report = {
    ...(stop ? { stop: withoutStepFunctions(stop, execution.status) } : {}),
    ...(awaitedTaskArn ? { awaitedTaskArn } : {}),
    timedOut: false,
  };
  const { runAgain: _, otherTaskArn, ...mapped } = await mapStop(collaborators, record, report);
  // An ECS task passed the start fence since the record was read: it is stopped like one that had before.
  if (otherTaskArn) return outcomeOf(collaborators, record, execution, [otherTaskArn]);
  return collectOutput(collaborators, record, asTheExecutionEnded(mapped, stop, execution));
}

/**
 * The ECS tasks that run the attempt, or may: the one that has passed the start fence; before that, the one that ECS told
 * of, and those of the warm slots that the attempt has claimed.
 */
async function tasksOf({ pool }: SettleCollaborators, record: DispatchRecord): Promise<string[]> {
  const known = record.taskArn === undefined ? [] : [record.taskArn];
  if (record.startedAt !== undefined) return known;
  const slots = await pool.newest(record.agent);
  const claimed = slots.filter(({ state, claimedBy }) => state !== 'STOPPED' && claimedBy === attemptName(record));
  return [...new Set([...known, ...claimed.flatMap(({ taskArn }) => taskArn ?? [])])];
}

/**
 * What the agent, the worker or a cancel brought about stays. A failure that nothing of these explains is the
 * execution's own end.
 */
function asTheExecutionEnded(mapped: Outcome, stop: EcsStop | undefined, execution: EndedExecution): Outcome {
  if (mapped.status !== 'FAILED' || endedByItself(stop)) return mapped;
  const status = execution.status === 'TIMED_OUT' ? 'TIMEOUT' : 'FAILED';
  return { ...mapped, status, reason: reasonOf(execution) };
}

/** A worker that was stopped, or refused because its execution was gone, only tells of that. */
const SAYS_NOTHING: readonly number[] = [WORKER_EXIT.stopped, WORKER_EXIT.notOurs];

function endedByItself(stop: EcsStop | undefined): boolean {
  const { stopCode, exitCode } = readStop(stop);
  return stopCode === 'EssentialContainerExited' && exitCode !== undefined && !SAYS_NOTHING.includes(exitCode);
}
