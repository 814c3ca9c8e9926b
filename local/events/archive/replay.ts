import { z } from 'zod';
import { AwsError } from '../../gateway/aws-error.ts';
import type { Archive, ArchivePosition, TimeWindow } from './archive.ts';
import { parseInput } from './request-input.ts';

export const REPLAY_STATES = ['STARTING', 'RUNNING', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'] as const;
export type ReplayState = (typeof REPLAY_STATES)[number];

/** A replay as it is stored; times in seconds since the epoch. */
export interface Replay {
  readonly name: string;
  readonly arn: string;
  readonly description?: string | undefined;
  readonly archiveArn: string;
  readonly destination: { readonly Arn: string; readonly FilterArns?: readonly string[] | undefined };
  readonly eventStartTime: number;
  readonly eventEndTime: number;
  readonly state: ReplayState;
  readonly stateReason?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Time of the last event that was replayed. */
  readonly lastReplayedTime?: number;
  /** Where in the archive it goes on. */
  readonly position?: ArchivePosition;
}

export const ReplayName = z
  .string()
  .max(64)
  .regex(/^[.\-_A-Za-z0-9]+$/, 'takes letters, digits, and . - _');

/** Seconds since the epoch, up to the end of the year 9999. */
const Timestamp = z.number().min(0).max(253_402_300_799);

const StartInput = z.object({
  ReplayName,
  Description: z.string().max(512).optional(),
  EventSourceArn: z.string(),
  EventStartTime: Timestamp,
  EventEndTime: Timestamp,
  Destination: z.object({ Arn: z.string(), FilterArns: z.array(z.string()).optional() }),
});

/** What a new replay is checked against. */
export interface ReplayContext {
  readonly arnPrefix: string;
  /** Throws where there is no such bus. */
  readonly requireBus: (name: string) => void;
  readonly hasRule: (arn: string) => boolean;
  readonly archiveByArn: (arn: string) => Archive | undefined;
}

/** Reads the input of `StartReplay`. Throws the `AwsError` of EventBridge for what it refuses. */
export function readStart(input: unknown, context: ReplayContext): Replay {
  const start = parseInput(StartInput, input);
  const { EventSourceArn, EventStartTime, EventEndTime, Destination } = start;
  const bus = nameIn(Destination.Arn, `${context.arnPrefix}:event-bus/`);
  if (bus === undefined) throw notValid('Destination.Arn', 'Must contain an event bus ARN.');
  context.requireBus(bus);
  const archiveName = nameIn(EventSourceArn, `${context.arnPrefix}:archive/`);
  if (archiveName === undefined) throw notValid('EventSourceArn', 'Must contain an archive ARN.');
  const archive = context.archiveByArn(EventSourceArn);
  if (!archive) throw notValid('EventSourceArn', `Archive ${archiveName} does not exist.`);
  if (archive.definition.bus !== bus) throw notValid('Destination.Arn', 'Cross event bus replay is not permitted.');
  checkFilters(Destination.FilterArns ?? [], bus, context);
  if (EventStartTime >= EventEndTime) {
    throw notValid('EventEndTime', 'EventStartTime must be before EventEndTime.');
  }
  return {
    name: start.ReplayName,
    arn: `${context.arnPrefix}:replay/${start.ReplayName}`,
    description: start.Description,
    archiveArn: EventSourceArn,
    destination: Destination,
    eventStartTime: EventStartTime,
    eventEndTime: EventEndTime,
    state: 'STARTING',
    startedAt: Date.now() / 1000,
  };
}

/**
 * From the start's second on and before the end, as the API reference has it ("Replay"). An event's time is whole seconds:
 * a start within a second takes that second's events.
 */
export function windowOf({ eventStartTime, eventEndTime }: Replay): TimeWindow {
  return { from: eventTime(Math.floor(eventStartTime)), until: eventTime(Math.ceil(eventEndTime)) };
}

/** What `ListReplays` says of a replay. */
export function replaySummary(replay: Replay) {
  return {
    ReplayName: replay.name,
    EventSourceArn: replay.archiveArn,
    State: replay.state,
    StateReason: replay.stateReason,
    EventStartTime: replay.eventStartTime,
    EventEndTime: replay.eventEndTime,
    EventLastReplayedTime: replay.lastReplayedTime,
    ReplayStartTime: replay.startedAt,
    ReplayEndTime: replay.endedAt,
  };
}

/** A rule of another bus is not a filter for this one. */
function checkFilters(filterArns: readonly string[], bus: string, { arnPrefix, hasRule }: ReplayContext): void {
  const prefix = bus === 'default' ? `${arnPrefix}:rule/` : `${arnPrefix}:rule/${bus}/`;
  for (const arn of filterArns) {
    const rule = nameIn(arn, prefix);
    if (rule === undefined || rule.includes('/')) {
      throw notValid('Destination.FilterArns', `${arn} is not the ARN of a rule on ${bus}.`);
    }
    if (!hasRule(arn))
      throw new AwsError('ResourceNotFoundException', `Rule ${rule} does not exist on EventBus ${bus}.`);
  }
}

function nameIn(arn: string, prefix: string): string | undefined {
  return arn.startsWith(prefix) && arn.length > prefix.length ? arn.slice(prefix.length) : undefined;
}

function notValid(parameter: string, reason: string): AwsError {
  return new AwsError('ValidationException', `Parameter ${parameter} is not valid. Reason: ${reason}`);
}

function eventTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
