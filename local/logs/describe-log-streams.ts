import { AwsError } from '../gateway/aws-error.ts';
import type { LogGroups } from './log-groups.ts';

const PAGE = 50;

export interface DescribeLogStreamsInput {
  readonly logStreamNamePrefix?: string;
  readonly orderBy?: 'LogStreamName' | 'LastEventTime';
  readonly descending?: boolean;
  readonly limit?: number;
  readonly nextToken?: string;
}

interface StreamDescription {
  readonly logStreamName: string;
  readonly arn: string;
  readonly storedBytes: number;
  readonly firstEventTimestamp?: number;
  readonly lastEventTimestamp?: number;
  readonly lastIngestionTime?: number;
}

/** The streams of a group, by name or by their last event, at most 50 (or `limit`, 1-50) a page. */
export function describeLogStreams(groups: LogGroups, group: string, input: DescribeLogStreamsInput) {
  const { limit = PAGE, nextToken = '0', logStreamNamePrefix = '' } = input;
  if (!(limit >= 1 && limit <= PAGE) || !/^\d+$/.test(nextToken)) {
    throw new AwsError('InvalidParameterException', `limit must be between 1 and ${PAGE}, and nextToken one of ours.`);
  }
  const names = groups.streamNames(group).filter((name) => name.startsWith(logStreamNamePrefix));
  const described =
    input.orderBy === 'LastEventTime'
      ? names.map((name) => describeStream(groups, group, name)).sort((a, b) => lastTime(a) - lastTime(b))
      : names;
  if (input.descending) described.reverse();
  const from = Number(nextToken);
  const page = described.slice(from, from + limit);
  const logStreams = page.map((one) => (typeof one === 'string' ? describeStream(groups, group, one) : one));
  return { logStreams, ...(from + limit < described.length && { nextToken: String(from + limit) }) };
}

function describeStream(groups: LogGroups, group: string, name: string): StreamDescription {
  const stream = groups.stream(group, name);
  const first = stream.forward(0, 1, Number.POSITIVE_INFINITY, () => true).events[0];
  const last = stream.backward(stream.size, 1, Number.POSITIVE_INFINITY, () => true).events[0];
  return {
    logStreamName: name,
    arn: `${groups.groupArn(group)}:log-stream:${name}`,
    storedBytes: 0,
    ...(first && { firstEventTimestamp: first.timestamp }),
    ...(last && { lastEventTimestamp: last.timestamp, lastIngestionTime: last.ingestionTime }),
  };
}

function lastTime({ lastEventTimestamp = 0 }: StreamDescription): number {
  return lastEventTimestamp;
}
