import { AwsError } from '../gateway/aws-error.ts';
import type { LogEvent } from './log-stream-file.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;
const BYTES_PER_EVENT = 26;

/** What `PutLogEvents` takes from a batch, and what it leaves out because of its time. */
export interface AcceptedEvents {
  readonly events: LogEvent[];
  readonly rejectedLogEventsInfo?: { tooNewLogEventStartIndex?: number; tooOldLogEventEndIndex?: number };
}

/**
 * Holds a batch to the limits of `PutLogEvents`: 10,000 events, 1 MiB with 26 bytes for each event, in order of time,
 * within 24 hours. Events over 14 days old or more than 2 hours ahead are left out and reported.
 */
export function acceptEvents(input: unknown, now: number): AcceptedEvents {
  const events = readEvents(input).map((event) => ({ ...event, ingestionTime: now }));
  checkLimits(events);
  const tooOld = events.filter((event) => event.timestamp < now - 14 * DAY).length;
  const firstTooNew = events.findIndex((event) => event.timestamp > now + 2 * HOUR);
  const rejected = {
    ...(firstTooNew >= 0 && { tooNewLogEventStartIndex: firstTooNew }),
    ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
  };
  return {
    events: events.slice(tooOld, firstTooNew >= 0 ? firstTooNew : undefined),
    ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }),
  };
}

function readEvents(input: unknown): { timestamp: number; message: string }[] {
  if (!Array.isArray(input) || input.length === 0) throw invalid('logEvents must hold at least one event.');
  if (input.length > MAX_EVENTS) throw invalid(`logEvents must hold at most ${MAX_EVENTS} events.`);
  return input.map((event: unknown) => {
    if (typeof event === 'object' && event !== null && 'timestamp' in event && 'message' in event) {
      const { timestamp, message } = event;
      if (typeof timestamp === 'number' && timestamp >= 0 && typeof message === 'string' && message.length > 0) {
        return { timestamp, message };
      }
    }
    throw invalid('Each of logEvents needs a timestamp (a number) and a message (a string that is not empty).');
  });
}

function checkLimits(events: readonly LogEvent[]): void {
  let bytes = 0;
  let previous = 0;
  for (const event of events) {
    bytes += Buffer.byteLength(event.message, 'utf8') + BYTES_PER_EVENT;
    if (event.timestamp < previous) {
      throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
    }
    previous = event.timestamp;
  }
  if (bytes > MAX_BYTES) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${MAX_BYTES}`);
  if (previous - (events[0]?.timestamp ?? 0) > DAY) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
