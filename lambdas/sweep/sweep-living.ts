import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { DispatchStatus } from '../../core/dispatch-status.ts';
import { attemptName } from '../../core/ids.ts';
import { MAX_RUNS, RUN_MARGIN_SECONDS, STOP_SECONDS } from '../../core/time-limits.ts';
import { type BeginCollaborators, beginAttempt } from '../shared/begin-attempt.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import type { EcsTasks } from '../shared/ecs-tasks.ts';
import type { ExecutionState } from '../shared/execution-state.ts';
import type { Executions } from '../shared/executions.ts';
import { msSince } from '../shared/ms-since.ts';
import type { SettleRequester } from '../shared/settle-requester.ts';
import type { Stage } from './stage.ts';
import type { SweepRun } from './sweep-run.ts';

export interface LivingCollaborators extends BeginCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get' | 'page'>;
  readonly executions: Pick<Executions, 'describe' | 'start'>;
  readonly tasks: Pick<EcsTasks, 'describe' | 'stop'>;
  readonly settler: Pick<SettleRequester, 'request'>;
  readonly now: () => Date;
}

/** Milliseconds that whoever asked for an attempt has to start its execution. */
export const BEGIN_MS = 30_000;
/** Milliseconds since the last word of an attempt after which it is asked for. */
export const QUIET_MS = 30_000;
/** Milliseconds that `settle` has after an execution has closed: its event is faster than any sweep. */
export const EVENT_MS = 30_000;
/** Milliseconds that `settle` has once it has begun: it waits for the ECS task to stop. */
export const SETTLING_MS = (STOP_SECONDS + 30) * 1_000;
/** Milliseconds that an execution has to go on after its ECS task has stopped. */
export const STOPPED_MS = 2 * 60_000;

/**
 * The living attempts of a status. One whose execution was never started is started; one that was cancelled has its ECS
 * task stopped; one whose execution has closed without ending it, or gets nowhere, is handed to `settle`, unless that is
 * at it already. Step Functions decides that, not the clock: the clock only says whom to ask for.
 */
export function sweepLiving(status: DispatchStatus): Stage<LivingCollaborators> {
  return async (collaborators, run, limit, after) => {
    const { dispatches, now } = collaborators;
    const { items, faults, next } = await dispatches.page(status, limit, after);
    run.failures.errors.push(...faults);
    const quiet = items.filter((record) => isQuiet(record, now()));
    if (quiet.length === 0) return { looked: faults.length, next };
    const uncancelled = quiet.filter(isToBeStopped);
    await run.failures.keepAll(uncancelled, (record) => stopCancelled(collaborators, run, record));
    const running = await run.running();
    const doubtful = quiet.filter((record) => !running.has(attemptName(record)) || isOverdue(record, now()));
    await run.failures.keepAll(doubtful, (record) => sweepAttempt(collaborators, run, record));
    return { looked: uncancelled.length + doubtful.length + faults.length, next };
  };
}

async function sweepAttempt(collaborators: LivingCollaborators, run: SweepRun, record: DispatchRecord): Promise<void> {
  const { dispatches, executions, settler } = collaborators;
  const execution = await executions.describe(record);
  const why = await whyStuck(collaborators, record, execution);
  if (why === undefined) return;
  // The index lags, and an execution ends its attempt just before it closes: one that has moved is looked at a minute later.
  const current = await dispatches.get(record.dispatchId);
  if (!current || hasMoved(record, current) || isBeingSettled(current, collaborators.now())) return;
  if (current.status === 'PENDING' && execution.status === 'absent') {
    await beginAttempt(collaborators, current);
    run.count('started');
  } else {
    await settler.request(current, why);
    run.count('settled');
  }
}

/** Whoever noted the cancel died before it could stop the ECS task: the agent would run to its own end. */
async function stopCancelled(
  { tasks }: LivingCollaborators,
  run: SweepRun,
  { taskArn = '' }: DispatchRecord,
): Promise<void> {
  const task = await tasks.describe(taskArn);
  if (!task || task.hasStopped || task.isStopping) return;
  await tasks.stop(taskArn, 'cancel');
  run.count('stopped');
}

function isToBeStopped({ status, cancelRequestedAt, taskArn }: DispatchRecord): boolean {
  return cancelRequestedAt !== undefined && taskArn !== undefined && status !== 'COMPLETING';
}

/** Why nobody else is going to move the attempt on; `undefined` where somebody may. */
async function whyStuck(
  collaborators: LivingCollaborators,
  record: DispatchRecord,
  execution: ExecutionState,
): Promise<string | undefined> {
  const now = collaborators.now();
  if (execution.status === 'absent') return 'Step Functions does not know it';
  if (execution.status === 'closed') {
    return ageOf(execution.closedAt, now) < EVENT_MS ? undefined : `it ended ${execution.endedAs}`;
  }
  if (!isOverdue(record, now) || !(await hasLostItsTask(collaborators, record))) return undefined;
  return 'it still runs, but its time is long over and its ECS task is gone';
}

/** A worker that lives keeps its own time, and its execution has an end of its own: two days. */
async function hasLostItsTask({ tasks, now }: LivingCollaborators, { taskArn }: DispatchRecord): Promise<boolean> {
  const task = taskArn === undefined ? undefined : await tasks.describe(taskArn);
  if (!task) return true;
  const { stoppedAt } = task.stop;
  return task.hasStopped && ageOf(stoppedAt, now()) > STOPPED_MS;
}

function isQuiet(record: DispatchRecord, now: Date): boolean {
  const { status, createdAt, attemptedAt = createdAt, updatedAt } = record;
  if (isBeingSettled(record, now)) return false;
  return status === 'PENDING' ? msSince(attemptedAt, now) > BEGIN_MS : msSince(updatedAt, now) > QUIET_MS;
}

function isBeingSettled({ settlingAt }: DispatchRecord, now: Date): boolean {
  return settlingAt !== undefined && msSince(settlingAt, now) < SETTLING_MS;
}

/**
 * No attempt takes so long from its last word, each run of it being allowed so much. Its execution is not stopped:
 * `settle` stops what runs and writes the outcome, and the execution ends by itself where it finds that one is there.
 */
function isOverdue({ timeoutSeconds, updatedAt }: DispatchRecord, now: Date): boolean {
  return msSince(updatedAt, now) > MAX_RUNS * (timeoutSeconds + RUN_MARGIN_SECONDS) * 1000;
}

function hasMoved(then: DispatchRecord, current: DispatchRecord): boolean {
  return current.attempt !== then.attempt || current.status !== then.status || current.updatedAt !== then.updatedAt;
}

/** Of a time that nobody knows, long. */
function ageOf(time: string | number | Date | undefined, now: Date): number {
  return msSince(time, now, Number.POSITIVE_INFINITY);
}
