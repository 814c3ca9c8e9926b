import { z } from 'zod';
import { AgentUsage } from './agent-usage.ts';
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
  replayRequested: 'Dispatch Replay Requested',
  slotClaimed: 'Slot Claimed',
  slotMissed: 'Slot Missed',
} as const;

/** What every event has. The descriptions make up docs/EVENTS.md. */
const Common = {
  version: z.literal('1').describe('Of the event; another one comes only with a change that its readers must know of'),
  eventId: z.string().describe('The same for every delivery of the same fact: `<dispatchId>-<attempt>-<what>`'),
  dispatchId: DispatchId.describe('The dispatch'),
  attempt: Attempt.describe('The attempt of it; the first is 1'),
  agent: z.enum(AGENT_NAMES).describe('The agent that it is for'),
};

const TenantOf = { tenantId: TenantId.describe('Who owns the dispatch') };

export const DispatchRequested = z
  .object({ ...Common, ...TenantOf, requestedAt: z.iso.datetime().describe('When the attempt was asked for') })
  .describe('An attempt was asked for. It is published before its execution is started.');
export type DispatchRequested = z.infer<typeof DispatchRequested>;

export const DispatchEnded = z
  .object({
    ...Common,
    ...TenantOf,
    status: z.enum(TERMINAL_STATUSES).describe('How the attempt ended'),
    exitCode: z.int().optional().describe("The agent's own exit code, or the container's where that is not known"),
    reason: z.string().optional().describe('Why, in words; of everything but a success'),
    startedAt: z.iso.datetime().optional().describe('When its worker passed the start fence; absent where none did'),
    endedAt: z.iso.datetime().describe('When the outcome was written'),
    output: OutputFacts.optional().describe('What of its output lies in the artifacts bucket; absent where none does'),
    usage: AgentUsage.optional().describe('What the agent used, as its CLI told; absent where it did not'),
  })
  .describe('An attempt has ended, and its outcome is on the record. It is published at least once for every attempt.');
export type DispatchEnded = z.infer<typeof DispatchEnded>;

export const DispatchReplayRequested = z
  .object({
    version: Common.version,
    eventId: z.string().min(1).max(256).describe("The asker's own: the same once more asks for nothing new"),
    dispatchId: Common.dispatchId,
    attempt: Attempt.describe('The attempt that is to be followed by another: the current one, and it must have ended'),
  })
  .describe('The next attempt of a dispatch is wanted. Whoever may publish on the bus may ask.');
export type DispatchReplayRequested = z.infer<typeof DispatchReplayRequested>;

export const SlotClaimed = z
  .object({ ...Common, slotId: SlotId.describe('The slot') })
  .describe('A dispatch has claimed a warm slot: the pool is one short.');
export type SlotClaimed = z.infer<typeof SlotClaimed>;

export const SlotMissed = z
  .object({ ...Common, reason: z.enum(MISS_REASONS).describe('Why there was none for it') })
  .describe('A dispatch has found no warm slot, and goes cold.');
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

/** The part of AWS's `ECS Task State Change` that `track-ecs` acts on; a stop is an `EcsStop` in camelCase. */
export const EcsTaskStateChange = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.object({
    taskArn: z.string(),
    lastStatus: z.string(),
    desiredStatus: z.string(),
    group: z.string().nullish(),
    tags: z.array(z.object({ key: z.string().nullish(), value: z.string().nullish() })).nullish(),
    overrides: z
      .object({
        containerOverrides: z
          .array(
            z.object({
              environment: z.array(z.object({ name: z.string().nullish(), value: z.string().nullish() })).nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
    stopCode: z.string().nullish(),
    stoppedReason: z.string().nullish(),
    stoppedAt: z.string().nullish(),
    containers: z
      .array(z.object({ name: z.string().nullish(), exitCode: z.int().nullish(), reason: z.string().nullish() }))
      .nullish(),
  }),
});
export type EcsTaskStateChange = z.infer<typeof EcsTaskStateChange>;

/** Asks `settle` to end an attempt that has no living execution, and why. */
export const SettleRequest = z.object({
  settle: z.object({ dispatchId: DispatchId, attempt: Attempt, why: z.string() }),
});
export type SettleRequest = z.infer<typeof SettleRequest>;
