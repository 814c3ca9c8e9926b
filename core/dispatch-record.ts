import { z } from 'zod';
import { AgentUsage } from './agent-usage.ts';
import { AGENT_NAMES } from './agents.ts';
import { CONTEXT_LEVELS } from './context-level.ts';
import { DISPATCH_STATUSES, isTerminal } from './dispatch-status.ts';
import { Attempt, type AttemptRef, DispatchId, TenantId } from './ids.ts';
import { OutputFacts } from './outcome.ts';
import { SlotId } from './slot.ts';
import { WaitingFor, WORKSPACE_MODES } from './workspace-mode.ts';

/** Days that a record is kept after its last attempt began; the event archive is kept as long. */
export const RECORD_DAYS = 30;

/**
 * Attempts that a dispatch may have. Each replay leaves its key on the record, of 768 bytes at the most, and an item of
 * DynamoDB holds 400 KB.
 */
export const MAX_ATTEMPTS = 500;

/** The one value of `unpublished`. */
export const UNPUBLISHED = 'yes';

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
  /** As the request has them. */
  repo: z.string().optional(),
  branch: z.string().optional(),
  modelId: z.string().optional(),
  contextLevel: z.enum(CONTEXT_LEVELS).optional(),
  workspaceMode: z.enum(WORKSPACE_MODES).optional(),
  /** Names, never values. */
  additionalSecrets: z.array(z.string()).optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** When this attempt was asked for; absent for the first, which `createdAt` tells. */
  attemptedAt: z.iso.datetime().optional(),
  executionArn: z.string().optional(),
  /** The ECS task that passed the start fence for this attempt; before that (no `startedAt`), the last one that ECS told of. */
  taskArn: z.string().optional(),
  /** The warm slot that ran this attempt; absent for a cold ECS task. */
  slotId: SlotId.optional(),
  /** When the attempt's worker passed the start fence; nothing else writes it. */
  startedAt: z.iso.datetime().optional(),
  /** What the attempt's worker waits for, before its agent may begin. */
  waitingFor: WaitingFor.optional(),
  cancelRequestedAt: z.iso.datetime().optional(),
  /** When `settle` last began to end this attempt, which takes it minutes; absent while it has not, and once it has. */
  settlingAt: z.iso.datetime().optional(),
  stoppedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  output: OutputFacts.optional(),
  /** What the agent used, as its CLI told. */
  usage: AgentUsage.optional(),
  /** Who wrote the outcome, `<dispatchId>-<attempt>:<writer>`: a retry of the same writer knows its own again. */
  outcomeId: z.string().optional(),
  /** When `Dispatch Ended` was published for this attempt. */
  publishedAt: z.iso.datetime().optional(),
  /** There from the terminal write until `Dispatch Ended` is out: the partition of a sparse index. */
  unpublished: z.literal(UNPUBLISHED).optional(),
  /** What the attempts after the first were asked for by: the same key again asks for none. */
  replayKeys: z.set(z.string()).optional(),
  /** Seconds since the epoch, for DynamoDB's TTL. */
  expiresAt: z.int(),
});
export type DispatchRecord = z.infer<typeof DispatchRecord>;

/** Whether this is the record of that very attempt, and it has not ended. */
export function isLivingAttempt(
  record: DispatchRecord | undefined,
  { dispatchId, attempt }: AttemptRef,
): record is DispatchRecord {
  return record?.dispatchId === dispatchId && record.attempt === attempt && !isTerminal(record.status);
}

export function expiresAt(from: Date): number {
  return Math.floor(from.getTime() / 1000) + RECORD_DAYS * 86_400;
}
