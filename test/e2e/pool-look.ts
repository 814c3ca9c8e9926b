import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AgentName } from '../../core/agents.ts';
import type { Slot, SlotRef } from '../../core/slot.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { PoolStore } from '../../lambdas/shared/pool-store.ts';
import type { Outpost } from '../../local/outpost.ts';
import { eventually } from './harness.ts';

/** A look into the warm pool of a running Outpost, by who may do everything. */
export interface PoolLook {
  readonly store: PoolStore;
  /** The slots that are not tombstones. */
  living(): Promise<Slot[]>;
  /** The living slots once at least so many of them are WARM. */
  warm(count: number, withinMs?: number): Promise<Slot[]>;
  /** The slot of an attempt, `<dispatchId>-<attempt>`; tombstones too. */
  servedBy(attempt: string): Promise<Slot | undefined>;
  /** A slot once something holds of it. */
  when(ref: SlotRef, until: (slot: Slot) => boolean, withinMs?: number): Promise<Slot>;
}

export function lookIntoPool({ aws }: Outpost, agent: AgentName = 'shell'): PoolLook {
  const store = new PoolStore(documentClient(new DynamoDBClient(aws.operator)), 'outpost-pool');
  const living = async () => (await store.list(agent)).filter(({ state }) => state !== 'STOPPED');
  return {
    store,
    living,
    warm: (count, withinMs = 60_000) =>
      eventually(living, (slots) => slots.filter(({ state }) => state === 'WARM').length >= count, withinMs),
    servedBy: async (attempt) => (await store.list(agent)).find(({ claimedBy }) => claimedBy === attempt),
    when: async (ref, until, withinMs = 30_000) => {
      const found = await eventually(
        () => store.get(ref),
        (slot) => slot !== undefined && until(slot),
        withinMs,
      );
      if (!found) throw new Error(`There is no slot ${ref.slotId}.`);
      return found;
    },
  };
}
