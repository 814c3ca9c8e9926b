import { z } from 'zod';
import { AGENT_NAMES } from './agents.ts';
import { Attempt, DispatchId, TenantId } from './ids.ts';
import { Outcome } from './outcome.ts';
import { SlotId } from './slot.ts';
import { TIMEOUT_SECONDS } from './time-limits.ts';
import { WORKSPACE_MODES } from './workspace-mode.ts';

/** Input of an execution of the dispatch state machine: ids and facts, never the task. */
export const ExecutionInput = z.object({
  dispatchId: DispatchId,
  attempt: Attempt,
  tenantId: TenantId,
  agent: z.enum(AGENT_NAMES),
  timeoutSeconds: z.int().min(TIMEOUT_SECONDS.min).max(TIMEOUT_SECONDS.max),
  /** `persistent` runs cold, in an ECS task that has the workspaces' file system. */
  workspaceMode: z.enum(WORKSPACE_MODES).optional(),
});
export type ExecutionInput = z.infer<typeof ExecutionInput>;

const Ref = { dispatchId: DispatchId, attempt: Attempt };

/** State `ClaimWarmSlot` → function `claim-slot`. Only the first run may be warm, and with an ephemeral workspace alone. */
export const ClaimSlotEvent = z.object({
  ...Ref,
  agent: z.enum(AGENT_NAMES),
  run: z.int().min(1),
  workspaceMode: z.enum(WORKSPACE_MODES).default('ephemeral'),
});
export type ClaimSlotEvent = z.infer<typeof ClaimSlotEvent>;

/** Function `claim-slot` → state `WarmOrCold`. */
export const ClaimedSlot = z.discriminatedUnion('claimed', [
  z.object({ claimed: z.literal(true), slotId: SlotId }),
  z.object({ claimed: z.literal(false) }),
]);
export type ClaimedSlot = z.infer<typeof ClaimedSlot>;

/** State `ReclaimSlot` → function `reclaim-slot`, after any error of `RunOnWarmSlot`. */
export const ReclaimSlotEvent = z.object({
  ...Ref,
  agent: z.enum(AGENT_NAMES),
  slotId: SlotId,
  timeoutSeconds: ExecutionInput.shape.timeoutSeconds,
});
export type ReclaimSlotEvent = z.infer<typeof ReclaimSlotEvent>;

/**
 * Function `reclaim-slot` → state `MayRunCold`. `reclaimed`: no worker has acknowledged the dispatch, and none will;
 * otherwise `taskArn` is the ECS task that did, to be stopped for the reason `why`.
 */
export const ReclaimedSlot = z.discriminatedUnion('reclaimed', [
  z.object({ reclaimed: z.literal(true) }),
  z.object({ reclaimed: z.literal(false), taskArn: z.string(), timedOut: z.boolean(), why: z.string() }),
]);
export type ReclaimedSlot = z.infer<typeof ReclaimedSlot>;

/** Input of an execution of the warm slot's state machine; its name is the slot's id. */
export const SlotInput = z.object({ agentType: z.enum(AGENT_NAMES), slotId: SlotId, taskDefinitionArn: z.string() });
export type SlotInput = z.infer<typeof SlotInput>;

/** What the state machine knows of how a run ended: the stop, or an error in Step Functions' words, or neither. */
export const StopReport = z.object({
  /** The ECS task, PascalCase. */
  stop: z.unknown().optional(),
  error: z.string().nullish(),
  /** The error's Cause as text: the stopped ECS task as JSON, or words. */
  cause: z.string().nullish(),
  timedOut: z.boolean().optional(),
  /** The ECS task that the execution has stopped and waited for. */
  taskArn: z.string().optional(),
  /** The run was on a warm slot: one that stopped before the start fence may be run again, cold. */
  warm: z.boolean().optional(),
});
export type StopReport = z.infer<typeof StopReport>;

/** State `MapStopReason` → function `map-stop-reason`. */
export const MapStopReasonEvent = z.object({ ...Ref, report: StopReport });
export type MapStopReasonEvent = z.infer<typeof MapStopReasonEvent>;

/** Function `map-stop-reason` → state `RunAgain`. */
export const MappedStop = Outcome.extend({
  runAgain: z.boolean(),
  /** An ECS task that passed the start fence, and of which the execution does not know: RunTask's answer was lost. */
  otherTaskArn: z.string().optional(),
});
export type MappedStop = z.infer<typeof MappedStop>;

/** State `CollectOutput` → function `collect-output`, which answers an `Outcome` with its output. */
export const CollectOutputEvent = z.object({ ...Ref, outcome: Outcome });
export type CollectOutputEvent = z.infer<typeof CollectOutputEvent>;

/** State `RecordOutcome` → function `record-outcome`. */
export const RecordOutcomeEvent = z.object({ ...Ref, outcome: Outcome });
export type RecordOutcomeEvent = z.infer<typeof RecordOutcomeEvent>;

/** Function `record-outcome` → state `Ended`: how the attempt ended, whoever wrote it. */
export const RecordedOutcome = z.object({ status: Outcome.shape.status, reason: z.string() });
export type RecordedOutcome = z.infer<typeof RecordedOutcome>;
