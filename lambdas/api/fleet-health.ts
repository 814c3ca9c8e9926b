import { availableAgents } from '../../core/agents.ts';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { DISPATCH_STATUSES, isTerminal } from '../../core/dispatch-status.ts';
import type { Slot } from '../../core/slot.ts';
import type { ApiCollaborators } from './collaborators.ts';
import { type FleetHealth, type HourFacts, LIVING_SLOTS, type SlotCounts, wireSlotState } from './wire.ts';

const HOUR_MS = 3_600_000;

/** The statuses of a dispatch that was started or has ended. */
const COUNTED = DISPATCH_STATUSES.filter((status) => status !== 'PENDING' && status !== 'PROVISIONING');

/** Counts the warm pool's slots, and what became of the dispatches of the last hour, from what is stored of them. */
export async function fleetHealth({
  pool,
  dispatches,
  now,
}: Pick<ApiCollaborators, 'pool' | 'dispatches' | 'now'>): Promise<FleetHealth> {
  const at = now();
  const agents = availableAgents();
  const [slots, records] = await Promise.all([
    Promise.all(agents.map((agent) => pool.list(agent))),
    recordsSince(dispatches, new Date(at.getTime() - HOUR_MS).toISOString()),
  ]);
  return {
    at: at.toISOString(),
    slots: countSlots(slots.flat()),
    lastHour: factsOf(records),
    agents: agents.map((agent, index) => ({
      agent,
      slots: countSlots(slots[index] ?? []),
      lastHour: factsOf(records.filter((record) => record.agent === agent)),
    })),
  };
}

/**
 * Status by status in the order of a dispatch's life, so that one which moves on meanwhile is seen twice rather than
 * missed; what was seen last counts.
 */
async function recordsSince(dispatches: ApiCollaborators['dispatches'], since: string): Promise<DispatchRecord[]> {
  const records = new Map<string, DispatchRecord>();
  for (const status of COUNTED) {
    for (const record of await dispatches.postedSince(status, since)) records.set(record.dispatchId, record);
  }
  return [...records.values()];
}

function countSlots(slots: readonly Slot[]): SlotCounts {
  const states = slots.map(({ state }) => wireSlotState(state));
  const counts = LIVING_SLOTS.map((state) => [state, states.filter((other) => other === state).length]);
  return Object.fromEntries(counts) as SlotCounts;
}

function factsOf(records: readonly DispatchRecord[]): HourFacts {
  const started = records.filter(({ startedAt }) => startedAt !== undefined);
  const warm = started.filter(({ slotId }) => slotId !== undefined);
  const ended = records.filter(({ status }) => isTerminal(status));
  const succeeded = ended.filter(({ status }) => status === 'SUCCESS');
  const durations = ended.flatMap(({ startedAt, endedAt }) =>
    startedAt && endedAt ? [Date.parse(endedAt) - Date.parse(startedAt)] : [],
  );
  return {
    started: started.length,
    warm: warm.length,
    hitRate: rate(warm.length, started.length),
    ended: ended.length,
    succeeded: succeeded.length,
    successRate: rate(succeeded.length, ended.length),
    meanDurationMs: durations.length > 0 ? Math.round(sum(durations) / durations.length) : null,
  };
}

function rate(some: number, all: number): number | null {
  return all > 0 ? some / all : null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
