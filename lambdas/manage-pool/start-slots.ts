import type { AgentName } from '../../core/agents.ts';
import { BOOT_MS } from '../../core/slot-times.ts';
import type { Failures } from '../shared/failures.ts';
import { msSince } from '../shared/ms-since.ts';
import type { PoolStore } from '../shared/pool-store.ts';
import type { SlotExecutions } from '../shared/slot-executions.ts';
import type { Intent } from './manager-lease.ts';
import type { PoolMetrics } from './pool-metrics.ts';

export interface StartCollaborators {
  readonly pool: Pick<PoolStore, 'create' | 'get'>;
  readonly executions: Pick<SlotExecutions, 'start'>;
  readonly metrics: Pick<PoolMetrics, 'started'>;
  readonly newSlotId: (now: Date) => string;
  readonly now: () => Date;
}

/** Slots that one look starts at the most: RunTask takes a burst of 100, and then 20 a second. */
export const MOST_STARTS = 100;

/** New intents; nothing has been done about them yet. */
export function intentsFor(
  { newSlotId, now }: StartCollaborators,
  agentType: AgentName,
  taskDefinitionArn: string,
  count: number,
): Intent[] {
  const at = now();
  return Array.from({ length: count }, () => ({
    agentType,
    slotId: newSlotId(at),
    taskDefinitionArn,
    createdAt: at.toISOString(),
  }));
}

/**
 * Carries out intents, whoever's they are and however often: the slot's item first, then its execution, by the same id.
 * Returns those that are still to be carried out.
 */
export async function startSlots(
  collaborators: StartCollaborators,
  intents: readonly Intent[],
  failures: Failures,
): Promise<Intent[]> {
  const done = await failures.keepAll(intents, async (intent) => {
    await startSlot(collaborators, intent);
    return intent;
  });
  return intents.filter((intent) => !done.includes(intent));
}

async function startSlot(collaborators: StartCollaborators, { createdAt, ...input }: Intent): Promise<void> {
  const { pool, executions, metrics, now } = collaborators;
  // Nobody can say any more whether it was started and has long been buried.
  if (msSince(createdAt, now()) > BOOT_MS) return;
  const isNew = await pool.create({ ...input, state: 'BOOTING', createdAt });
  if (!isNew && (await pool.get(input))?.state !== 'BOOTING') return;
  await executions.start(input);
  if (isNew) metrics.started(input.agentType);
}
