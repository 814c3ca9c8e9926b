import { isTerminal } from '../../../core/dispatch-status.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Stores } from '../evidence/stores.ts';
import type { Violation } from './violation.ts';

/** By how much the clocks of functions may be wrong. */
const CLOCKS_MS = 3_000;

/** Nothing runs but the slots that wait, and of those no more than may. */
export function checkLeftovers(evidence: Evidence): Violation[] {
  const rule = 'no slot, ECS task or execution is left';
  const open = openEnds(evidence).filter(({ what }) => !what.startsWith('place') && !what.startsWith('dispatch'));
  // What a manager started whose clock was ahead, so that it took those that wait for lost, came on top of them.
  const born = evidence.gatheredAt + CLOCKS_MS;
  const living = evidence.slots.filter(({ state, createdAt }) => state !== 'STOPPED' && Date.parse(createdAt) <= born);
  const tooMany =
    living.length > evidence.maxSlots
      ? [{ rule, what: `${living.length} slots live, and ${evidence.maxSlots} may`, id: living[0]?.slotId }]
      : [];
  return [...open.map(({ what, id }) => ({ rule, what, id })), ...tooMany];
}

export interface OpenEnd {
  readonly what: string;
  readonly id?: string | undefined;
}

/** What still goes on: `dispatch`, `place`, `execution`, `slot` or `ECS task`, and which. */
export function openEnds({ records, tenants, slots, tasks, executions }: Stores): OpenEnd[] {
  const waiting = new Set(
    slots.filter(({ state }) => state === 'BOOTING' || state === 'WARM').map(({ slotId }) => slotId),
  );
  return [
    ...records
      .filter(({ status, publishedAt }) => !isTerminal(status) || publishedAt === undefined)
      .map(({ dispatchId: id, attempt, status }) => ({ what: `dispatch: attempt ${attempt} is ${status}`, id })),
    ...tenants.flatMap(({ tenantId, livingAttempts }) =>
      livingAttempts.map((member) => ({ what: `place: ${tenantId} has ${member}`, id: member.replace(/-\d+$/, '') })),
    ),
    ...executions
      .map((name) => ({ what: `execution: ${name}`, id: name.replace(/^.*:/, '').replace(/-\d+$/, '') }))
      .filter(({ id }) => !waiting.has(id)),
    ...slots
      .filter(({ state, slotId }) => state !== 'STOPPED' && !waiting.has(slotId))
      .map(({ slotId: id, state, claimedBy }) => ({ what: `slot: ${state}, claimed by ${claimedBy ?? 'nobody'}`, id })),
    ...tasks
      .filter(({ startedFor }) => !waiting.has(startedFor))
      .map(({ taskArn, status, startedFor: id }) => ({ what: `ECS task: ${taskArn} is ${status}`, id })),
  ];
}
