import { z } from 'zod';
import type { AgentName } from '../../core/agents.ts';
import { DETAIL_TYPES, SlotClaimed, SlotMissed } from '../../core/events.ts';
import { attemptName } from '../../core/ids.ts';

/** The events that the manager is called with: the schedule's, and those of a claim and a miss. */
export const PoolTrigger = z.discriminatedUnion('detail-type', [
  z.object({ 'detail-type': z.literal('Scheduled Event') }),
  z.object({ 'detail-type': z.literal(DETAIL_TYPES.slotClaimed), time: z.iso.datetime(), detail: SlotClaimed }),
  z.object({ 'detail-type': z.literal(DETAIL_TYPES.slotMissed), time: z.iso.datetime(), detail: SlotMissed }),
]);
export type PoolTrigger = z.infer<typeof PoolTrigger>;

/** What a trigger says of the demand. */
export interface DemandFact {
  readonly agent: AgentName;
  /** `<dispatchId>-<attempt>`: an attempt looks for a slot once, so this tells a fact from the same one told again. */
  readonly attempt: string;
  readonly what: 'claims' | 'misses';
  readonly at: Date;
}

/** Nothing where the trigger is the schedule's. */
export function demandFact(trigger: PoolTrigger): DemandFact | undefined {
  if (trigger['detail-type'] === 'Scheduled Event') return undefined;
  const what = trigger['detail-type'] === DETAIL_TYPES.slotClaimed ? 'claims' : 'misses';
  const { detail, time } = trigger;
  return { agent: detail.agent, attempt: attemptName(detail), what, at: new Date(time) };
}
