import { aborted } from '../aborted.ts';
import { wordsOf } from '../error-words.ts';
import { drainForStop, slotRef } from './drain-slot.ts';
import { ManagerSign } from './manager-sign.ts';
import type { Assignment } from './slot-verdict.ts';
import { SlotWatch } from './slot-watch.ts';
import type { SlotWork } from './slot-work.ts';

/**
 * Waits until a dispatch is assigned to the slot. Resolves to nothing where none will be: the slot was drained, by others
 * or by this worker, or cannot be reached for minutes, or the worker is to stop. A request that fails is made again.
 */
export async function waitForDispatch(work: SlotWork, taskArn: string): Promise<Assignment | undefined> {
  const ended = new AbortController();
  const over = AbortSignal.any([ended.signal, work.stop]);
  const manager = new ManagerSign(work.clock);
  void sayWeWait(work, taskArn, manager, over);
  try {
    const watch = new SlotWatch(work, taskArn, manager);
    const assignment = await Promise.race([untilAssigned(work, watch, over), aborted(work.stop)]);
    if (!work.stop.aborted) return assignment;
    await drainForStop(work);
    return undefined;
  } finally {
    ended.abort();
  }
}

async function untilAssigned(
  { clock, times }: SlotWork,
  watch: SlotWatch,
  over: AbortSignal,
): Promise<Assignment | undefined> {
  while (!over.aborted) {
    const begunAt = clock.elapsed();
    const look = await watch.look();
    if (look === 'over') return undefined;
    if (look !== undefined) return look;
    await clock.sleep(Math.max(0, begunAt + times.pollMs - clock.elapsed()), over);
  }
  return undefined;
}

/** Notes again and again that the worker is there, and looks whether a manager is. */
async function sayWeWait(work: SlotWork, taskArn: string, manager: ManagerSign, over: AbortSignal): Promise<void> {
  const { pool, clock, times, log } = work;
  for (;;) {
    await clock.sleep(times.seenEveryMs, over);
    if (over.aborted) return;
    const [seen, managerSeen] = await Promise.allSettled([
      pool.seen(slotRef(work), taskArn, clock.now().toISOString()),
      pool.managerSeenAt(),
    ]);
    if (managerSeen.status === 'fulfilled') manager.note(managerSeen.value);
    for (const answer of [seen, managerSeen]) {
      if (answer.status === 'rejected') log.say(`A note of the waiting worker failed: ${wordsOf(answer.reason)}`);
    }
  }
}
