import { type AttemptRef, parseAttemptName } from '../../core/ids.ts';
import type { Slot, SlotState } from '../../core/slot.ts';
import type { SlotTimes } from './slot-work.ts';

/** A dispatch that was assigned to the slot, and the token of the execution that waits for its end. */
export interface Assignment {
  readonly attempt: AttemptRef;
  readonly taskToken: string;
}

/** What a waiting worker is to do by what it read of its slot. */
export type Verdict =
  | { readonly act: 'wait' }
  | { readonly act: 'serve'; readonly assignment: Assignment }
  /** Drain the slot, where it still is in this state. */
  | { readonly act: 'drain'; readonly from: SlotState; readonly reason: string }
  /** The slot is no longer this worker's to wait for. */
  | { readonly act: 'leave'; readonly reason: string };

/** How long the worker has seen what, in milliseconds by its own clock. */
export interface Waited {
  readonly warmMs: number;
  readonly claimedMs: number;
  readonly managerUnseenMs: number;
}

type Limits = Pick<SlotTimes, 'unassignedMs' | 'lifeMs' | 'managerGoneMs'>;

/** @param taskArn the worker's own ECS task */
export function verdictOn(slot: Slot | undefined, taskArn: string, waited: Waited, limits: Limits): Verdict {
  if (slot === undefined) return { act: 'leave', reason: 'The slot is gone.' };
  if (slot.taskArn !== taskArn) return { act: 'leave', reason: "The slot is another ECS task's." };
  switch (slot.state) {
    case 'WARM':
      return onWarm(waited, limits);
    case 'CLAIMED':
      if (waited.claimedMs < limits.unassignedMs) return { act: 'wait' };
      return { act: 'drain', from: 'CLAIMED', reason: 'claimed and not assigned' };
    case 'ASSIGNED':
      return onAssigned(slot);
    default:
      return { act: 'leave', reason: `The slot is ${slot.state}.` };
  }
}

function onWarm({ warmMs, managerUnseenMs }: Waited, { lifeMs, managerGoneMs }: Limits): Verdict {
  if (warmMs >= lifeMs) return { act: 'drain', from: 'WARM', reason: 'at the end of its life' };
  if (managerUnseenMs >= managerGoneMs) return { act: 'drain', from: 'WARM', reason: 'no manager seen' };
  return { act: 'wait' };
}

function onAssigned({ claimedBy = '', taskToken }: Slot): Verdict {
  const attempt = parseAttemptName(claimedBy);
  if (attempt !== undefined && taskToken) return { act: 'serve', assignment: { attempt, taskToken } };
  return { act: 'drain', from: 'ASSIGNED', reason: `assigned to '${claimedBy}', which is no attempt` };
}
