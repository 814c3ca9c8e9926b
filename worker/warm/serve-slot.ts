import { leaveRooms } from '../agent/agent-rooms.ts';
import { wordsOf } from '../error-words.ts';
import { drainForStop, slotRef } from './drain-slot.ts';
import { getReady, NotReadyError, type Ready } from './get-ready.ts';
import { serveAssignment } from './serve-assignment.ts';
import type { SlotWork } from './slot-work.ts';
import { waitForDispatch } from './wait-for-dispatch.ts';

/**
 * The life of a warm slot's ECS task: gets ready, registers itself WARM, waits, serves one dispatch. Resolves to the
 * container's exit code: 0 where no dispatch came.
 */
export async function serveSlot(work: SlotWork): Promise<number> {
  try {
    const ready = await getReady(work);
    if (ready !== undefined) return await serveReady(work, ready);
    await drainForStop(work);
    return 0;
  } catch (error) {
    if (!(error instanceof NotReadyError)) throw error;
    work.log.say(error.message);
    return error.exitCode;
  }
}

async function serveReady(work: SlotWork, ready: Ready): Promise<number> {
  try {
    await register(work, ready.taskArn);
    const assignment = await waitForDispatch(work, ready.taskArn);
    return assignment === undefined ? 0 : await serveAssignment(work, ready, assignment);
  } finally {
    await leaveRooms(ready.rooms, work.user, work.log);
  }
}

/**
 * BOOTING to WARM. Where that is refused, the slot itself tells why at the first look: it was drained, or it is WARM and
 * claimed already, and only the answer was lost. Throws a `NotReadyError` where nobody answers for too long.
 */
async function register(work: SlotWork, taskArn: string): Promise<void> {
  const { pool, clock, times, stop, log } = work;
  const begunAt = clock.elapsed();
  while (!stop.aborted) {
    try {
      if (await pool.register(slotRef(work), taskArn, clock.now().toISOString())) log.say('Waiting for a dispatch.');
      return;
    } catch (error) {
      const words = `The slot cannot be registered: ${wordsOf(error)}`;
      if (clock.elapsed() - begunAt >= times.managerGoneMs) throw new NotReadyError(words);
      log.say(`${words}. It is tried again.`);
      await clock.sleep(times.retryMs, stop);
    }
  }
}
