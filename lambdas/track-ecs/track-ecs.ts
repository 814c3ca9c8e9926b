import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import type { EcsStop } from '../../core/ecs-stop.ts';
import type { EcsTaskStateChange } from '../../core/events.ts';
import { type AttemptRef, parseAttemptName } from '../../core/ids.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import type { EcsTasks } from '../shared/ecs-tasks.ts';
import type { Executions } from '../shared/executions.ts';
import type { SettleRequester } from '../shared/settle-requester.ts';
import { closeForsakenSlot, type SlotStopCollaborators } from './forsaken-slot.ts';
import { ownerOf, type TaskOwner } from './task-owner.ts';

export interface TrackCollaborators extends SlotStopCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get' | 'noteTask' | 'findByTask'>;
  readonly executions: Pick<Executions, 'describe'>;
  readonly tasks: Pick<EcsTasks, 'stop'>;
  readonly settler: Pick<SettleRequester, 'request'>;
}

/** What was done about an event; nothing where others see to it, or it is about nothing of ours. */
export const TRACKED = ['nothing', 'noted', 'cancelled', 'slot closed', 'settle requested'] as const;
export type Tracked = (typeof TRACKED)[number];

type TaskChange = EcsTaskStateChange['detail'];

/**
 * Acts on what ECS tells of a task. One that is on its way is noted on the record of its attempt, and stopped where that
 * was cancelled. Of one that has stopped, the execution that runs it hears by itself; where none lives any more, its slot
 * is closed, and its attempt is handed to `settle`.
 */
export async function trackEcs(collaborators: TrackCollaborators, change: TaskChange): Promise<Tracked> {
  const owner = ownerOf(change);
  if (change.lastStatus === 'STOPPED') return trackStop(collaborators, change, owner);
  // One that is to stop is no one's to cancel any more; one that waits in the pool belongs to no attempt yet.
  if (change.desiredStatus === 'STOPPED' || !owner || 'slotId' in owner) return 'nothing';
  return trackStart(collaborators, change, owner);
}

/** Whoever writes second, this or the cancel, sees both. */
async function trackStart(
  { dispatches, tasks, now }: TrackCollaborators,
  { taskArn }: TaskChange,
  ref: AttemptRef,
): Promise<Tracked> {
  const record = await dispatches.noteTask(ref, taskArn, now().toISOString());
  if (!record) return 'nothing';
  if (record.cancelRequestedAt === undefined) return 'noted';
  await tasks.stop(taskArn, 'cancel');
  return 'cancelled';
}

async function trackStop(
  collaborators: TrackCollaborators,
  change: TaskChange,
  owner: TaskOwner | undefined,
): Promise<Tracked> {
  const slot =
    owner && 'slotId' in owner ? await closeForsakenSlot(collaborators, owner.slotId, stopOf(change)) : undefined;
  const record = await recordOf(collaborators, change, slot ? parseAttemptName(slot.claimedBy ?? '') : owner);
  if (!record || !(await isForsaken(collaborators, record))) return slot ? 'slot closed' : 'nothing';
  await collaborators.settler.request(record, 'its ECS task has stopped');
  return 'settle requested';
}

/** The record of the attempt that the ECS task ran, if that is the current one. */
async function recordOf(
  { dispatches }: TrackCollaborators,
  { taskArn }: TaskChange,
  owner: TaskOwner | undefined,
): Promise<DispatchRecord | undefined> {
  if (owner && !('slotId' in owner)) {
    const record = await dispatches.get(owner.dispatchId);
    return record?.attempt === owner.attempt ? record : undefined;
  }
  const dispatchId = await dispatches.findByTask(taskArn);
  const record = dispatchId === undefined ? undefined : await dispatches.get(dispatchId);
  return record?.taskArn === taskArn ? record : undefined;
}

/** Whether nobody is going to end the attempt. One that was never started still can be: that is the sweep's. */
async function isForsaken({ executions }: TrackCollaborators, record: DispatchRecord): Promise<boolean> {
  if (isTerminal(record.status)) return false;
  const { status } = await executions.describe(record);
  return status === 'closed' || (status === 'absent' && record.status !== 'PENDING');
}

/** What is handed to the dispatch, without what the event says besides. */
function stopOf({ taskArn, stopCode, stoppedReason, stoppedAt, containers }: TaskChange): EcsStop {
  return {
    taskArn,
    ...(stopCode == null ? {} : { stopCode }),
    ...(stoppedReason == null ? {} : { stoppedReason }),
    ...(stoppedAt == null ? {} : { stoppedAt }),
    containers: (containers ?? []).map(({ name, exitCode, reason }) => ({
      ...(name == null ? {} : { name }),
      ...(exitCode == null ? {} : { exitCode }),
      ...(reason == null ? {} : { reason }),
    })),
  };
}
