import { z } from 'zod';
import { AGENT_NAMES } from './agents.ts';
import { TERMINAL_STATUSES } from './dispatch-status.ts';
import { Attempt, DispatchId, TenantId } from './ids.ts';
import { OutputFacts } from './outcome.ts';
import { MISS_REASONS, SlotId } from './slot.ts';

/** `source` of every event that Outpost publishes. */
export const EVENT_SOURCE = 'outpost';

/** `detail-type` of the events on Outpost's bus. */
export const DETAIL_TYPES = {
  requested: 'Dispatch Requested',
  ended: 'Dispatch Ended',
  slotClaimed: 'Slot Claimed',
  slotMissed: 'Slot Missed',
} as const;

const Common = {
  version: z.literal('1'),
  /** The same for every delivery of the same fact: `<dispatchId>-<attempt>-<what>`. */
  eventId: z.string(),
  dispatchId: DispatchId,
  attempt: Attempt,
  tenantId: TenantId,
  agent: z.enum(AGENT_NAMES),
};

/** Published before the attempt's execution is started. */
export const DispatchRequested = z.object({ ...Common, requestedAt: z.iso.datetime() });
export type DispatchRequested = z.infer<typeof DispatchRequested>;

/** Published after the terminal write; at least once for every attempt that ended. */
export const DispatchEnded = z.object({
  ...Common,
  status: z.enum(TERMINAL_STATUSES),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime(),
  output: OutputFacts.optional(),
});
export type DispatchEnded = z.infer<typeof DispatchEnded>;

const SlotCommon = {
  version: z.literal('1'),
  /** `<dispatchId>-<attempt>-slot-claimed` or `-slot-missed`. */
  eventId: z.string(),
  dispatchId: DispatchId,
  attempt: Attempt,
  agent: z.enum(AGENT_NAMES),
};

/** A dispatch claimed a warm slot: the pool is one short. */
export const SlotClaimed = z.object({ ...SlotCommon, slotId: SlotId });
export type SlotClaimed = z.infer<typeof SlotClaimed>;

/** A dispatch found no slot and went cold. */
export const SlotMissed = z.object({ ...SlotCommon, reason: z.enum(MISS_REASONS) });
export type SlotMissed = z.infer<typeof SlotMissed>;

/** The part of AWS's `Step Functions Execution Status Change` that `settle` acts on. */
export const ExecutionStatusChange = z.object({
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.object({
    executionArn: z.string(),
    name: z.string(),
    status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
    error: z.string().nullish(),
    cause: z.string().nullish(),
  }),
});
export type ExecutionStatusChange = z.infer<typeof ExecutionStatusChange>;
