import { z } from 'zod';
import { AGENT_NAMES } from './agents.ts';
import { Ulid } from './ids.ts';

/** The life of a warm slot, in order. A slot serves one dispatch: whatever leaves WARM never becomes WARM again. */
export const SLOT_STATES = ['BOOTING', 'WARM', 'CLAIMED', 'ASSIGNED', 'RUNNING', 'DRAINING', 'STOPPED'] as const;
export type SlotState = (typeof SLOT_STATES)[number];

/** Every transition that a writer may make. A slot drains as long as no worker has acknowledged a dispatch. */
export const SLOT_TRANSITIONS: Readonly<Record<SlotState, readonly SlotState[]>> = {
  BOOTING: ['WARM', 'DRAINING', 'STOPPED'],
  WARM: ['CLAIMED', 'DRAINING', 'STOPPED'],
  CLAIMED: ['ASSIGNED', 'DRAINING', 'STOPPED'],
  ASSIGNED: ['RUNNING', 'DRAINING', 'STOPPED'],
  RUNNING: ['STOPPED'],
  DRAINING: ['STOPPED'],
  STOPPED: [],
};

/** The states that `to` may be entered from: what a conditional write puts into its condition. */
export function slotStatesBefore(to: SlotState): SlotState[] {
  return SLOT_STATES.filter((from) => SLOT_TRANSITIONS[from].includes(to));
}

/** Sorts by the time of the intent to start it; it is also the name of the slot's execution. */
export const SlotId = Ulid;
export type SlotId = z.infer<typeof SlotId>;

/** The key of a slot in the pool table. */
export interface SlotRef {
  readonly agentType: string;
  readonly slotId: string;
}

/** What a tombstone keeps of how the slot's ECS task stopped, as far as ECS or Step Functions said. */
export const SlotStop = z.object({
  taskArn: z.string().optional(),
  stopCode: z.string().optional(),
  stoppedReason: z.string().optional(),
  exitCode: z.int().optional(),
  /** Step Functions' error where no ECS task stopped. */
  error: z.string().optional(),
  cause: z.string().optional(),
});
export type SlotStop = z.infer<typeof SlotStop>;

/** A warm slot: an item of the pool table. Times are ISO 8601 in UTC. */
export const Slot = z.object({
  agentType: z.enum(AGENT_NAMES),
  slotId: SlotId,
  state: z.enum(SLOT_STATES),
  /** The task definition's revision that it runs: image, size and settings. Another revision is another slot. */
  taskDefinitionArn: z.string(),
  createdAt: z.iso.datetime(),
  /** The slot's ECS task, once its worker has registered itself. */
  taskArn: z.string().optional(),
  warmAt: z.iso.datetime().optional(),
  /** When the waiting worker last said that it is there. */
  seenAt: z.iso.datetime().optional(),
  /** `<dispatchId>-<attempt>` of the attempt that claimed it. */
  claimedBy: z.string().optional(),
  claimedAt: z.iso.datetime().optional(),
  /** Step Functions' token of the execution that waits for the run. */
  taskToken: z.string().optional(),
  assignedAt: z.iso.datetime().optional(),
  /** The ECS task whose worker acknowledged the assignment: from here on it is never given to another. */
  ackedBy: z.string().optional(),
  ackedAt: z.iso.datetime().optional(),
  drainedAt: z.iso.datetime().optional(),
  drainReason: z.string().optional(),
  stop: SlotStop.optional(),
  stoppedAt: z.iso.datetime().optional(),
  /** Of a tombstone that was not made by the slot's own execution, until its dispatch has been handed the stop. */
  stopDue: z.literal(true).optional(),
  /** Of a tombstone; seconds since the epoch, for DynamoDB's TTL. */
  expiresAt: z.int().optional(),
});
export type Slot = z.infer<typeof Slot>;

/** Why a dispatch found no slot: none was warm, none of them was servable, or others were faster three times. */
export const MISS_REASONS = ['none-warm', 'none-servable', 'races-lost'] as const;
export type MissReason = (typeof MISS_REASONS)[number];

/** The item of the pool table by which there is one manager at a time. */
export const MANAGER_KEY = { agentType: '#manager', slotId: 'lease' } as const;
