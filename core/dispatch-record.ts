import { z } from 'zod';
import { AGENT_NAMES } from './agents.ts';
import { DISPATCH_STATUSES } from './dispatch-status.ts';
import { Attempt, DispatchId, TenantId } from './ids.ts';
import { OutputFacts } from './outcome.ts';
import { SlotId } from './slot.ts';

/** Days that a record is kept after its last attempt began; the event archive is kept as long. */
export const RECORD_DAYS = 30;

/** The one record of a dispatch: an item of the dispatches table. Times are ISO 8601 in UTC. */
export const DispatchRecord = z.object({
  dispatchId: DispatchId,
  attempt: Attempt,
  tenantId: TenantId,
  agent: z.enum(AGENT_NAMES),
  status: z.enum(DISPATCH_STATUSES),
  /** The beginning of the task, for lists; the whole lies in the spec. */
  taskPreview: z.string(),
  timeoutSeconds: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  executionArn: z.string().optional(),
  /** The ECS task that passed the start fence for this attempt. */
  taskArn: z.string().optional(),
  /** The warm slot that ran this attempt; absent for a cold ECS task. */
  slotId: SlotId.optional(),
  startedAt: z.iso.datetime().optional(),
  cancelRequestedAt: z.iso.datetime().optional(),
  stoppedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  output: OutputFacts.optional(),
  /** Who wrote the outcome, `<dispatchId>-<attempt>:<writer>`: a retry of the same writer knows its own again. */
  outcomeId: z.string().optional(),
  /** When `Dispatch Ended` was published for this attempt. */
  publishedAt: z.iso.datetime().optional(),
  /** Seconds since the epoch, for DynamoDB's TTL. */
  expiresAt: z.int(),
});
export type DispatchRecord = z.infer<typeof DispatchRecord>;

export function expiresAt(from: Date): number {
  return Math.floor(from.getTime() / 1000) + RECORD_DAYS * 86_400;
}
