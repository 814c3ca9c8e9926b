import { randomInt } from 'node:crypto';
import { attemptName } from '../../core/ids.ts';
import type { MissReason, Slot } from '../../core/slot.ts';
import { CLAIM_TRIES, SERVABLE_MS } from '../../core/slot-times.ts';
import type { ClaimedSlot, ClaimSlotEvent } from '../../core/workflow.ts';
import type { EventPublisher } from '../shared/event-publisher.ts';
import type { AgentBounds, TaskDefinitions } from '../shared/pool-settings.ts';
import type { Claim, PoolStore } from '../shared/pool-store.ts';

export interface ClaimCollaborators {
  readonly pool: Pick<PoolStore, 'newest' | 'claim'>;
  readonly events: Pick<EventPublisher, 'slotClaimed' | 'slotMissed'>;
  readonly taskDefinitions: TaskDefinitions;
  readonly bounds: AgentBounds;
  readonly now: () => Date;
  /** Puts the servable slots into the order in which they are tried. @default at random, so that claimers do not collide */
  readonly inOrder?: (slots: readonly Slot[]) => readonly Slot[];
  /** Hears of an event that could not be published. */
  readonly report: (error: unknown) => void;
}

type Found = { readonly slotId: string } | { readonly miss: MissReason };

/**
 * Claims a warm slot for an attempt: one query and, where nobody races for it, one conditional update. Answers
 * `claimed: false` where the attempt must go cold: its agent has no pool, this is not its first run, its workspace is a
 * persistent one, nothing servable is there, or others were faster three times.
 */
export async function claimSlot(
  collaborators: ClaimCollaborators,
  { run, workspaceMode, ...event }: ClaimSlotEvent,
): Promise<ClaimedSlot> {
  const { taskDefinitions, bounds } = collaborators;
  const taskDefinitionArn = taskDefinitions[event.agent];
  const hasPool = (bounds[event.agent]?.max ?? 0) > 0;
  const isEphemeral = workspaceMode === 'ephemeral';
  if (run > 1 || !isEphemeral || !hasPool || taskDefinitionArn === undefined) return { claimed: false };
  const found = await findSlot(collaborators, event.agent, {
    claimedBy: attemptName(event),
    taskDefinitionArn,
    ...times(collaborators.now()),
  });
  await announce(collaborators, event, found);
  return 'slotId' in found ? { claimed: true, slotId: found.slotId } : { claimed: false };
}

async function findSlot(
  { pool, inOrder = shuffled }: ClaimCollaborators,
  agentType: string,
  claim: Claim,
): Promise<Found> {
  const slots = await pool.newest(agentType);
  // Step Functions may call twice where it did not hear the answer: what was claimed then serves now.
  const mine = slots.filter(({ state, claimedBy }) => state === 'CLAIMED' && claimedBy === claim.claimedBy);
  const warm = slots.filter(({ state }) => state === 'WARM');
  const servable = warm.filter((slot) => isServable(slot, claim));
  if (mine.length + servable.length === 0) return { miss: warm.length > 0 ? 'none-servable' : 'none-warm' };
  for (const slot of [...mine, ...inOrder(servable)].slice(0, CLAIM_TRIES)) {
    if (await pool.claim(slot, claim)) return { slotId: slot.slotId };
  }
  return { miss: 'races-lost' };
}

/** What the claim's own condition asks for: no request is spent on what would fail it. */
function isServable({ taskDefinitionArn, seenAt }: Slot, claim: Claim): boolean {
  return taskDefinitionArn === claim.taskDefinitionArn && seenAt !== undefined && seenAt >= claim.seenSince;
}

function times(now: Date): Pick<Claim, 'claimedAt' | 'seenSince'> {
  return { claimedAt: now.toISOString(), seenSince: new Date(now.getTime() - SERVABLE_MS).toISOString() };
}

/** Fisher and Yates' shuffle. */
function shuffled(slots: readonly Slot[]): Slot[] {
  const order = [...slots];
  for (let left = order.length; left > 1; left--) {
    const [taken] = order.splice(randomInt(left), 1);
    if (taken) order.push(taken);
  }
  return order;
}

/** Tells the manager of the pool. It looks every minute by itself, so a claim stays one though its event is lost. */
async function announce(
  { events, report }: ClaimCollaborators,
  { dispatchId, attempt, agent }: Omit<ClaimSlotEvent, 'run' | 'workspaceMode'>,
  found: Found,
): Promise<void> {
  const name = attemptName({ dispatchId, attempt });
  const common = { version: '1', dispatchId, attempt, agent } as const;
  try {
    if ('slotId' in found) {
      await events.slotClaimed({ ...common, eventId: `${name}-slot-claimed`, slotId: found.slotId });
    } else {
      await events.slotMissed({ ...common, eventId: `${name}-slot-missed`, reason: found.miss });
    }
  } catch (error) {
    report(error);
  }
}
