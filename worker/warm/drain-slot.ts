import { type SlotRef, type SlotState, slotStatesBefore } from '../../core/slot.ts';
import { wordsOf } from '../error-words.ts';
import type { SlotWork } from './slot-work.ts';

export function slotRef({ agent, slotId }: Pick<SlotWork, 'agent' | 'slotId'>): SlotRef {
  return { agentType: agent, slotId };
}

/** Drains the slot where it is in one of these states; `false` where it is not. */
export async function drain(work: SlotWork, from: readonly SlotState[], reason: string): Promise<boolean> {
  const drained = await work.pool.drain(slotRef(work), from, reason, work.clock.now().toISOString());
  if (drained) work.log.say(`Drained: ${reason}.`);
  return drained;
}

/** The worker is to stop and has acknowledged nothing. Where this fails, the slot's own execution closes the slot. */
export async function drainForStop(work: SlotWork): Promise<void> {
  try {
    await drain(work, slotStatesBefore('DRAINING'), 'its ECS task is stopped');
  } catch (error) {
    work.log.say(`The slot cannot be drained: ${wordsOf(error)}`);
  }
}
