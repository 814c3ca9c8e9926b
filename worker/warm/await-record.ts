import { isTerminal } from '../../core/dispatch-status.ts';
import type { AttemptRef } from '../../core/ids.ts';
import { wordsOf } from '../error-words.ts';
import type { SlotWork } from './slot-work.ts';

/**
 * A worker that has reported stays until its attempt is recorded as ended, for a few seconds at most: who hears of its ECS
 * task's stop then finds an outcome, also where a stop takes no time.
 */
export async function awaitRecord({ records, clock, times, log, stop }: SlotWork, ref: AttemptRef): Promise<void> {
  const until = clock.elapsed() + times.recordMs;
  try {
    while (clock.elapsed() < until && !stop.aborted) {
      const record = await records.get(ref.dispatchId);
      if (!record || record.attempt !== ref.attempt || isTerminal(record.status)) return;
      await clock.sleep(times.recordLookMs, stop);
    }
  } catch (error) {
    log.say(`Whether the end is recorded cannot be read: ${wordsOf(error)}`);
  }
}
