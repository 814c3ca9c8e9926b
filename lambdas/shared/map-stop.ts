import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { readStop } from '../../core/ecs-stop.ts';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import type { AttemptRef } from '../../core/ids.ts';
import { CANCELLED_ON_REQUEST, mapStopReason } from '../../core/stop-reason.ts';
import type { WorkerResult } from '../../core/worker-result.ts';
import type { MappedStop } from '../../core/workflow.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { DispatchStore } from './dispatch-store.ts';
import type { ReadReport } from './stop-report.ts';

export interface MapStopCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get'>;
  readonly artifacts: Pick<ArtifactStore, 'getResult'>;
}

/** Maps how a run ended to an outcome, by the stop, the worker's own `result.json`, and what the record says of it. */
export async function mapStop(
  { dispatches, artifacts }: MapStopCollaborators,
  ref: AttemptRef,
  report: ReadReport,
): Promise<MappedStop> {
  const { stop, timedOut } = report;
  const record = await dispatches.get(ref.dispatchId);
  const ours = record?.attempt === ref.attempt ? record : undefined;
  const result = await readResult(artifacts, ref);
  const cancelRequested = ours?.cancelRequestedAt !== undefined;
  const { runAgain = false, ...mapped } = mapStopReason(stop, { cancelRequested, timedOut }, result);
  const { stoppedAt } = readStop(stop);
  const outcome = { ...mapped, ...beforeTheFence(mapped.status, ours, timedOut) };
  return {
    ...outcome,
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    ...(result?.usage === undefined ? {} : { usage: result.usage }),
    ...(ours?.startedAt === undefined || ours.taskArn === undefined ? {} : { taskArn: ours.taskArn }),
    runAgain: mayStillBegin(ours) && (runAgain || (!cancelRequested && saysNothing(outcome.status, report))),
    ...otherTask(ours, report),
  };
}

/**
 * RunTask may start an ECS task and its answer be lost; the retry then starts a second one. The fence lets one of them
 * run, which may be the one that the execution knows nothing of. Left alone, it would outlive its dispatch.
 */
function otherTask(
  record: DispatchRecord | undefined,
  { stop, awaitedTaskArn }: ReadReport,
): Pick<MappedStop, 'otherTaskArn'> {
  const holder = record?.status === 'RUNNING' ? record.taskArn : undefined;
  const known = awaitedTaskArn ?? readStop(stop).taskArn;
  return holder === undefined || holder === known ? {} : { otherTaskArn: holder };
}

/**
 * Of an attempt that nobody has begun, some stops say nothing, and it runs again. A worker that exits 75 then was not
 * refused: it could not ask. And a warm slot may stop for whatever reason before its dispatch has begun; but a spec that
 * cannot be read is no better elsewhere, and time that has run out stays so.
 */
function saysNothing(status: MappedStop['status'], { warm, stop }: ReadReport): boolean {
  const { exitCode } = readStop(stop);
  if (status === 'TIMEOUT') return false;
  return exitCode === WORKER_EXIT.notOurs || (warm === true && exitCode !== WORKER_EXIT.badSpec);
}

/** A `result.json` that cannot be read says as much as none: the stop decides then. */
async function readResult(
  artifacts: MapStopCollaborators['artifacts'],
  ref: AttemptRef,
): Promise<WorkerResult | undefined> {
  const result = await artifacts.getResult(ref);
  return result?.valid ? result.content : undefined;
}

function mayStillBegin(record: DispatchRecord | undefined): boolean {
  return record?.status === 'PENDING' || record?.status === 'PROVISIONING';
}

/** Where no worker passed the start fence, no agent finished, and none was too slow. */
function beforeTheFence(
  status: MappedStop['status'],
  record: DispatchRecord | undefined,
  timedOut: boolean,
): Partial<MappedStop> {
  if (!mayStillBegin(record)) return {};
  if (status === 'SUCCESS') {
    if (record?.cancelRequestedAt !== undefined) return CANCELLED_ON_REQUEST;
    return { status: 'FAILED', reason: 'The ECS task ended without having begun the dispatch, though it exited 0.' };
  }
  return status === 'TIMEOUT' && timedOut ? { reason: 'No ECS task began the dispatch within its time.' } : {};
}
