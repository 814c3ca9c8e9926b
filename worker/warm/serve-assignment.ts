import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { attemptName } from '../../core/ids.ts';
import type { AttemptEnd } from '../attempt/attempt-work.ts';
import { runAttempt } from '../attempt/run-attempt.ts';
import { wordsOf } from '../error-words.ts';
import { awaitRecord } from './await-record.ts';
import { slotRef } from './drain-slot.ts';
import type { Ready } from './get-ready.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Assignment } from './slot-verdict.ts';
import type { SlotWork } from './slot-work.ts';

/**
 * Acknowledges the assignment, runs the attempt under heartbeats, and reports its end to the execution that waits for it.
 * A stop is not reported: the slot's own execution hands back what ECS says of it. Resolves to the container's exit code.
 */
export async function serveAssignment(work: SlotWork, ready: Ready, assignment: Assignment): Promise<number> {
  const refusal = await acknowledge(work, ready, assignment);
  if (refusal !== undefined) return refusal;
  work.log.say(`Serving ${attemptName(assignment.attempt)}.`);
  const heartbeat = new Heartbeat(work, assignment.taskToken);
  heartbeat.refused.addEventListener('abort', () => work.log.say(UNAWAITED));
  try {
    const end = await runUnder(heartbeat, work, ready, assignment);
    const isReported = !end.stopped && !heartbeat.refused.aborted && (await report(work, ready, assignment, end));
    heartbeat.end();
    if (isReported) await awaitRecord(work, assignment.attempt);
    return end.exitCode;
  } finally {
    heartbeat.end();
  }
}

const UNAWAITED = 'The execution of this dispatch has ended, or waits for this worker no more.';

/** Nothing where the slot is ours to serve; otherwise the exit code. */
async function acknowledge(work: SlotWork, { taskArn }: Ready, { taskToken }: Assignment): Promise<number | undefined> {
  try {
    const now = work.clock.now().toISOString();
    if (await work.pool.acknowledge(slotRef(work), taskToken, taskArn, now)) return undefined;
    work.log.say('The assignment was taken back.');
    return 0;
  } catch (error) {
    // Whether it took effect nobody knows: the hand-back of this ECS task's stop and the start fence see to the rest.
    work.log.say(`The assignment cannot be acknowledged: ${wordsOf(error)}`);
    return WORKER_EXIT.notOurs;
  }
}

function runUnder(
  heartbeat: Heartbeat,
  work: SlotWork,
  { rooms, taskArn }: Ready,
  { attempt }: Assignment,
): Promise<AttemptEnd> {
  return runAttempt({
    ...work,
    attempt,
    stop: AbortSignal.any([work.stop, heartbeat.refused]),
    openRooms: async () => rooms,
    fetchTaskArn: async () => taskArn,
    mayBegin: async () => {
      await heartbeat.begun;
      return heartbeat.refused.aborted ? 'Nothing was run.' : undefined;
    },
  });
}

/**
 * Whether somebody hears of the end. Fargate takes tens of seconds more until it reports the stop itself; that is left to
 * do where the report fails.
 */
async function report(
  { callback, log }: SlotWork,
  { taskArn }: Ready,
  { taskToken }: Assignment,
  { exitCode }: AttemptEnd,
): Promise<boolean> {
  try {
    const output = { stop: { taskArn, containers: [{ name: 'worker', exitCode }] } };
    const isHeard = await callback.succeed(taskToken, output);
    if (!isHeard) log.say(UNAWAITED);
    return isHeard;
  } catch (error) {
    log.say(`The end cannot be reported: ${wordsOf(error)}`);
    return false;
  }
}
