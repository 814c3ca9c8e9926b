import { AGENT_NAMES } from '../../core/agents.ts';
import type { EcsStop } from '../../core/ecs-stop.ts';
import type { Slot } from '../../core/slot.ts';
import { type CloseCollaborators, closeSlot, stopOfSlot } from '../shared/close-slot.ts';
import type { SlotExecutions } from '../shared/slot-executions.ts';

export interface SlotStopCollaborators extends CloseCollaborators {
  readonly slotExecutions: Pick<SlotExecutions, 'describe'>;
}

/**
 * Closes the slot of an ECS task that has stopped, where its own execution has ended without doing so, and hands the stop
 * to the dispatch that waits for it. Returns the slot as it was then, or `undefined` where there was nothing to do.
 */
export async function closeForsakenSlot(
  collaborators: SlotStopCollaborators,
  slotId: string,
  stop: EcsStop,
): Promise<Slot | undefined> {
  const execution = await collaborators.slotExecutions.describe(slotId);
  if (execution.status === 'running') return undefined;
  if (execution.status === 'closed' && execution.endedAs === 'SUCCEEDED') return undefined;
  const slot = await findSlot(collaborators, slotId);
  if (slot) await closeSlot(collaborators, slot, { stop: stopOfSlot(stop, execution) });
  return slot;
}

/** The event does not tell the agent, which is the first half of the slot's key. */
async function findSlot({ pool }: SlotStopCollaborators, slotId: string): Promise<Slot | undefined> {
  const found = await Promise.all(AGENT_NAMES.map((agentType) => pool.get({ agentType, slotId })));
  return found.find((slot) => slot !== undefined);
}
