import { z } from 'zod';
import { AgentUsage } from '../../core/agent-usage.ts';
import { AGENT_NAMES } from '../../core/agents.ts';
import { CONTEXT_LEVELS } from '../../core/context-level.ts';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { DISPATCH_STATUSES, type DispatchStatus } from '../../core/dispatch-status.ts';
import { ManifestFile, ManifestObject } from '../../core/manifest.ts';
import { SLOT_STATES, type SlotState } from '../../core/slot.ts';
import { WaitingFor, WORKSPACE_MODES } from '../../core/workspace-mode.ts';

/** Statuses as clients see them: in lower case. */
export const WIRE_STATUSES = DISPATCH_STATUSES.map(wireStatus);

export function wireStatus<Status extends DispatchStatus>(status: Status): Lowercase<Status> {
  return status.toLowerCase() as Lowercase<Status>;
}

export const LogLines = z.object({
  lines: z.array(z.object({ timestamp: z.iso.datetime(), message: z.string() })),
  /** Goes into `logsAfter` to read on from here; `null` while the agent has not begun. */
  nextToken: z.string().nullable(),
});
export type LogLines = z.infer<typeof LogLines>;

/** A dispatch as its owner sees it. Times are ISO 8601; what is not known yet is left out. */
export const DispatchView = z.object({
  dispatchId: z.string(),
  attempt: z.int(),
  status: z.enum(WIRE_STATUSES),
  agent: z.enum(AGENT_NAMES),
  taskPreview: z.string(),
  timeoutSeconds: z.int(),
  repo: z.string().optional(),
  branch: z.string().optional(),
  modelId: z.string().optional(),
  contextLevel: z.enum(CONTEXT_LEVELS).optional(),
  workspaceMode: z.enum(WORKSPACE_MODES).optional(),
  /** Their names. */
  additionalSecrets: z.array(z.string()).optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** When the current attempt was asked for, where that is not the first. */
  attemptedAt: z.iso.datetime().optional(),
  startedAt: z.iso.datetime().optional(),
  /** Whether a warm slot ran it, or a fresh ECS task. */
  startedOn: z.enum(['warm', 'cold']).optional(),
  /** What it waits for, while it runs and its agent does not yet. */
  waitingFor: WaitingFor.optional(),
  cancelRequestedAt: z.iso.datetime().optional(),
  stoppedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  output: z
    .object({
      fileCount: z.int(),
      totalBytes: z.int(),
      /** When the checkpoint was taken that it is; absent of one that is whole. */
      checkpointAt: z.iso.datetime().optional(),
    })
    .optional(),
  usage: AgentUsage.optional(),
  logs: LogLines.optional(),
});
export type DispatchView = z.infer<typeof DispatchView>;

export function dispatchView(record: DispatchRecord, logs?: LogLines): DispatchView {
  const { status, output, startedAt, slotId } = record;
  const startedOn = startedAt && (slotId ? 'warm' : 'cold');
  // Parsing leaves out what is ours alone: the tenant, ARNs, keys in S3.
  return DispatchView.parse({ ...record, status: wireStatus(status), startedOn, output, logs });
}

export const EXECUTION_STATUSES = ['not_started', 'running', 'succeeded', 'failed', 'timed_out', 'aborted'] as const;

/** One visit of a state; a state that was visited twice is there twice. */
export const TraceState = z.object({
  name: z.string(),
  /** `Task`, `Choice`, `Wait`, `Pass`, `Succeed` or `Fail`. */
  type: z.string(),
  enteredAt: z.iso.datetime(),
  /** `null` while the execution is in it. */
  exitedAt: z.iso.datetime().nullable(),
  durationMs: z.number().nullable(),
  error: z.string().optional(),
  cause: z.string().optional(),
});
export type TraceState = z.infer<typeof TraceState>;

export const Trace = z.object({
  executionArn: z.string(),
  status: z.enum(EXECUTION_STATUSES),
  states: z.array(TraceState),
});
export type Trace = z.infer<typeof Trace>;

export const OutputView = z.object({
  dispatchId: z.string(),
  attempt: z.int(),
  fileCount: z.int(),
  totalBytes: z.int(),
  /** When the checkpoint was taken that this is; absent of an output that is whole. */
  checkpointAt: z.iso.datetime().optional(),
  /** The workspace's files, as many as fit; `manifest.json` among the objects names them all. */
  files: z.array(ManifestFile),
  filesTruncated: z.boolean(),
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  objects: z.array(
    ManifestObject.partial({ sha256: true, size: true }).extend({ url: z.url(), expiresAt: z.iso.datetime() }),
  ),
});
export type OutputView = z.infer<typeof OutputView>;

/** States of a slot that lives, as clients see them. */
export const LIVING_SLOTS = SLOT_STATES.filter((state) => state !== 'STOPPED').map(wireSlotState);

export function wireSlotState<State extends SlotState>(state: State): Lowercase<State> {
  return state.toLowerCase() as Lowercase<State>;
}

/** Slots by state, those of no state among them as 0. */
export const SlotCounts = z.record(z.enum(LIVING_SLOTS), z.int().min(0));
export type SlotCounts = z.infer<typeof SlotCounts>;

/** Of the dispatches that were posted within the last hour. A rate is 0 to 1, `null` of nothing. */
export const HourFacts = z.object({
  /** Those that an agent began. */
  started: z.int(),
  /** Those of them that began on a warm slot. */
  warm: z.int(),
  hitRate: z.number().min(0).max(1).nullable(),
  /** Those that have ended, however. */
  ended: z.int(),
  succeeded: z.int(),
  successRate: z.number().min(0).max(1).nullable(),
  /** From `startedAt` to `endedAt`, of those that have both. */
  meanDurationMs: z.int().nullable(),
});
export type HourFacts = z.infer<typeof HourFacts>;

/** The warm pool and what became of dispatches, of all tenants: for each available agent, and in all. */
export const FleetHealth = z.object({
  at: z.iso.datetime(),
  slots: SlotCounts,
  lastHour: HourFacts,
  agents: z.array(z.object({ agent: z.enum(AGENT_NAMES), slots: SlotCounts, lastHour: HourFacts })),
});
export type FleetHealth = z.infer<typeof FleetHealth>;
