import { isLivingAttempt } from '../../core/dispatch-record.ts';
import { type AttemptRef, parseAttemptName } from '../../core/ids.ts';
import type { Slot } from '../../core/slot.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import type { ClusterTask, EcsTasks } from '../shared/ecs-tasks.ts';
import type { Failures } from '../shared/failures.ts';
import { msSince } from '../shared/ms-since.ts';
import type { PoolMetrics } from './pool-metrics.ts';

export interface ReapCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get'>;
  readonly tasks: Pick<EcsTasks, 'stop'>;
  readonly metrics: Pick<PoolMetrics, 'orphanStopped'>;
  readonly now: () => Date;
}

/** Milliseconds after RunTask in which nobody need know an ECS task yet, and in which a drained one may leave by itself. */
const YOUNG_MS = 120_000;
/** Milliseconds from the first note of an orphan to its stop. */
const NOTED_MS = 60_000;

/** When an ECS task was first noted as an orphan, ISO 8601, by its ARN. */
export type OrphanNotes = Readonly<Record<string, string>>;

/**
 * Finds the ECS tasks of ours that no slot and no dispatch wants any more, and stops those that were noted as such at
 * least a minute ago. ECS tasks that name neither a slot nor a dispatch are not ours. Returns the notes for the next look.
 * @param slots every slot that there is, by id
 */
export async function reapOrphans(
  collaborators: ReapCollaborators,
  running: readonly ClusterTask[],
  slots: ReadonlyMap<string, Slot>,
  notes: OrphanNotes,
  failures: Failures,
): Promise<OrphanNotes> {
  const { tasks, metrics, now } = collaborators;
  const old = running.filter(({ createdAt }) => createdAt && msSince(createdAt.toISOString(), now()) > YOUNG_MS);
  const looked = await failures.keepAll(old, async (task) => {
    if (await isWanted(collaborators, task, slots)) return [];
    const notedAt = notes[task.taskArn];
    if (msSince(notedAt, now()) >= NOTED_MS) {
      await tasks.stop(task.taskArn, 'orphan');
      metrics.orphanStopped();
    }
    return [[task.taskArn, notedAt ?? now().toISOString()] as const];
  });
  return Object.fromEntries(looked.flat());
}

async function isWanted(
  { dispatches, now }: ReapCollaborators,
  { environment }: ClusterTask,
  slots: ReadonlyMap<string, Slot>,
): Promise<boolean> {
  const { SLOT_ID: slotId, DISPATCH_ID: dispatchId, ATTEMPT: attempt } = environment;
  if (slotId !== undefined) {
    const slot = slots.get(slotId);
    if (slot?.state === 'RUNNING') return lives(dispatches, parseAttemptName(slot.claimedBy ?? ''));
    if (slot?.state === 'DRAINING') return msSince(slot.drainedAt, now()) <= YOUNG_MS;
    return slot !== undefined && slot.state !== 'STOPPED';
  }
  if (dispatchId === undefined) return true;
  return lives(dispatches, { dispatchId, attempt: Number(attempt) });
}

async function lives(dispatches: ReapCollaborators['dispatches'], ref: AttemptRef | undefined): Promise<boolean> {
  return ref !== undefined && isLivingAttempt(await dispatches.get(ref.dispatchId), ref);
}
