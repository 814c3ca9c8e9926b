import { AwsError } from '../gateway/aws-error.ts';
import type { LogGroups } from './log-groups.ts';
import type { LogEvent, LogStreamFile } from './log-stream-file.ts';

const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;

interface TimeRange {
  readonly startTime?: number;
  readonly endTime?: number;
}

export interface GetLogEventsInput extends TimeRange {
  readonly startFromHead?: boolean;
  readonly limit?: number;
  readonly nextToken?: string;
}

export interface FilterLogEventsInput extends TimeRange {
  readonly logStreamNames?: readonly string[];
  readonly logStreamNamePrefix?: string;
  readonly filterPattern?: string;
  readonly limit?: number;
  readonly nextToken?: string;
}

/**
 * One page of a stream, at most `limit` events (1-10,000) or 1 MiB. Tokens are places in the stream: reading forward
 * from the end answers no event and the token it was given, which is how a reader knows that there is no more for now.
 */
export function getLogEvents(stream: LogStreamFile, input: GetLogEventsInput) {
  const limit = readLimit(input.limit);
  const wanted = inTimeRange(input);
  const token = input.nextToken === undefined ? undefined : readToken(input.nextToken);
  if (token && !stream.isBoundary(token.offset)) throw invalidToken();
  const forward = token ? token.direction === 'f' : input.startFromHead === true;
  const page = forward
    ? stream.forward(token?.offset ?? 0, limit, MAX_BYTES, wanted)
    : stream.backward(token?.offset ?? stream.size, limit, MAX_BYTES, wanted);
  return { events: page.events, nextForwardToken: `f/${page.end}`, nextBackwardToken: `b/${page.start}` };
}

/**
 * The events of a group's streams, in order of time. Of filter patterns it knows words and quoted text, all of which a
 * message must contain. The whole group is read, which suits the logs of one machine.
 */
export function filterLogEvents(groups: LogGroups, group: string, input: FilterLogEventsInput) {
  const limit = readLimit(input.limit);
  const terms = filterTerms(input.filterPattern ?? '');
  const inTime = inTimeRange(input);
  const wanted = (event: LogEvent) => inTime(event) && terms.every((term) => event.message.includes(term));
  const names = groups
    .streamNames(group)
    .filter((name) => input.logStreamNames?.includes(name) ?? true)
    .filter((name) => name.startsWith(input.logStreamNamePrefix ?? ''));
  const events = names
    .flatMap((logStreamName) => allEvents(groups.stream(group, logStreamName), logStreamName, wanted))
    .sort((a, b) => a.timestamp - b.timestamp);
  const from = input.nextToken === undefined ? 0 : readToken(input.nextToken).offset;
  const end = from + limit;
  return {
    events: events.slice(from, end),
    ...(end < events.length && { nextToken: `f/${end}` }),
    searchedLogStreams: [],
  };
}

function allEvents(stream: LogStreamFile, logStreamName: string, wanted: (event: LogEvent) => boolean) {
  const page = stream.forward(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, wanted);
  return page.events.map((event, index) => ({ ...event, logStreamName, eventId: `${logStreamName}/${index}` }));
}

function inTimeRange({ startTime = 0, endTime = Number.POSITIVE_INFINITY }: TimeRange) {
  return (event: LogEvent) => event.timestamp >= startTime && event.timestamp < endTime;
}

function readLimit(limit: number | undefined): number {
  if (limit === undefined) return MAX_EVENTS;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_EVENTS) return limit;
  throw new AwsError('InvalidParameterException', `limit must be between 1 and ${MAX_EVENTS}.`);
}

function readToken(token: string): { direction: string; offset: number } {
  const [, direction, offset] = /^([fb])\/(\d{1,15})$/.exec(token) ?? [];
  if (direction !== undefined && offset !== undefined) return { direction, offset: Number(offset) };
  throw invalidToken();
}

function invalidToken(): AwsError {
  return new AwsError('InvalidParameterException', 'The specified nextToken is invalid.');
}

function filterTerms(pattern: string): string[] {
  const terms = pattern.match(/"[^"]*"|[^\s"]+/g) ?? [];
  return terms.map((term) => {
    if (/^[{[?%-]/.test(term)) {
      throw new AwsError(
        'InvalidParameterException',
        `The embedded AWS does not support the filter pattern '${pattern}'.`,
      );
    }
    return term.replaceAll('"', '');
  });
}
