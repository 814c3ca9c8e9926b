import type { Slot } from '../../core/slot.ts';
import { type CloseCollaborators, closeSlot, handBackStop, type SlotReport, stopOfSlot } from '../shared/close-slot.ts';
import type { ClusterTask, EcsTasks } from '../shared/ecs-tasks.ts';
import type { Failures } from '../shared/failures.ts';
import { msSince } from '../shared/ms-since.ts';
import type { PoolStore } from '../shared/pool-store.ts';
import type { SlotExecutions } from '../shared/slot-executions.ts';
import type { PoolMetrics } from './pool-metrics.ts';
import { isOverdueBoot, whyStuck } from './slot-facts.ts';

export interface MendCollaborators extends CloseCollaborators {
  readonly pool: CloseCollaborators['pool'] & Pick<PoolStore, 'drain'>;
  readonly tasks: Pick<EcsTasks, 'describeAll' | 'stop'>;
  readonly executions: Pick<SlotExecutions, 'describe' | 'start'>;
  readonly metrics: Pick<PoolMetrics, 'drained' | 'mended'>;
}

/** Milliseconds that a new slot is left alone: its execution is about to be started. */
const JUST_INTENDED_MS = 15_000;
/** Milliseconds that an execution has to close its slot after ECS says STOPPED, and a drained worker to leave. */
const PATIENCE_MS = 60_000;
/** ECS forgets an ECS task an hour after its stop; one that it does not know earlier is not known yet. */
const FORGOTTEN_MS = 3_600_000;

/**
 * Moves on the slots that whoever should have moved has not: a dead worker, an execution that was stopped or never
 * started. A slot whose ECS task lives is drained and stopped at the most; it is closed, and its stop handed back, once
 * nothing can run on it any more. Returns whether any slot was changed.
 * @param running the ECS tasks of the cluster that are not stopping, by ARN
 */
export async function mendSlots(
  collaborators: MendCollaborators,
  slots: readonly Slot[],
  running: ReadonlyMap<string, ClusterTask>,
  failures: Failures,
): Promise<boolean> {
  const known = new Map(running);
  const others = slots.flatMap(({ state, taskArn }) =>
    state !== 'STOPPED' && taskArn !== undefined && !running.has(taskArn) ? [taskArn] : [],
  );
  for (const task of await collaborators.tasks.describeAll(others)) known.set(task.taskArn, task);
  const mended = await failures.keepAll(slots, (slot) => mend(collaborators, slot, known));
  return mended.includes(true);
}

async function mend(
  collaborators: MendCollaborators,
  slot: Slot,
  known: ReadonlyMap<string, ClusterTask>,
): Promise<boolean> {
  const task = slot.taskArn === undefined ? undefined : known.get(slot.taskArn);
  if (task && !task.hasStopped) return mendRunning(collaborators, slot, task.taskArn);
  if (slot.state === 'STOPPED') {
    await handBackStop(collaborators, slot);
    return false;
  }
  if (slot.taskArn === undefined) return mendUnregistered(collaborators, slot);
  return mendStopped(collaborators, slot, task);
}

/** RUNNING slots are their dispatch's business as long as their ECS task lives. */
async function mendRunning(
  { pool, tasks, metrics, now }: MendCollaborators,
  slot: Slot,
  taskArn: string,
): Promise<boolean> {
  const at = now();
  const hasHadTime = slot.state === 'DRAINING' && msSince(slot.drainedAt, at) > PATIENCE_MS;
  if (hasHadTime || slot.state === 'STOPPED') await tasks.stop(taskArn, `its slot is ${slot.state}`);
  const reason = whyStuck(slot, at);
  if (reason === undefined || !(await pool.drain(slot, [slot.state], reason, at.toISOString()))) return false;
  metrics.drained(slot.agentType, reason);
  return true;
}

/** No worker has registered: its execution tells whether one still may. */
async function mendUnregistered(collaborators: MendCollaborators, slot: Slot): Promise<boolean> {
  const { executions, now } = collaborators;
  if (msSince(slot.drainedAt ?? slot.createdAt, now()) < JUST_INTENDED_MS) return false;
  const execution = await executions.describe(slot.slotId);
  if (execution.status === 'running') return false;
  if (execution.status === 'closed') return close(collaborators, slot, execution);
  if (slot.state !== 'BOOTING' || isOverdueBoot(slot, now())) return close(collaborators, slot, NEVER_STARTED);
  await executions.start(slot);
  return false;
}

const NEVER_STARTED = { error: 'Slot.NeverStarted', cause: 'Its execution was never started.' };
const FORGOTTEN = { error: 'Slot.Forgotten', cause: 'ECS does not know its ECS task any more.' };

async function mendStopped(
  collaborators: MendCollaborators,
  slot: Slot,
  task: ClusterTask | undefined,
): Promise<boolean> {
  const { executions, now } = collaborators;
  const overdueMs = task
    ? msSince(task.stop.stoppedAt, now()) - PATIENCE_MS
    : msSince(slot.createdAt, now()) - FORGOTTEN_MS;
  const execution = await executions.describe(slot.slotId);
  if (overdueMs <= 0 && execution.status === 'running') return false;
  return close(collaborators, slot, task ? { stop: stopOfSlot(task.stop, execution) } : FORGOTTEN);
}

async function close(collaborators: MendCollaborators, slot: Slot, report: SlotReport): Promise<boolean> {
  const { pool, callback, now, metrics } = collaborators;
  const words = 'stop' in report ? report : { error: report.error, cause: report.cause };
  if (!(await closeSlot({ pool, callback, now }, slot, words))) return false;
  metrics.mended(slot.agentType);
  return true;
}
