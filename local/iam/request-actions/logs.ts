import type { Permission } from '../policy-document.ts';
import { text } from './input.ts';
import type { JsonRequest } from './json-request.ts';

const ON_STREAMS: ReadonlySet<string> = new Set(['CreateLogStream', 'PutLogEvents', 'GetLogEvents', 'DeleteLogStream']);

/** CloudWatch Logs asks about a group as about its stream of an empty name. */
export function logsPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const identified = text(input.logGroupIdentifier) || text(input.logGroupName);
  const group = identified.startsWith('arn:')
    ? (identified.split(':log-group:')[1] ?? '').replace(/:\*$/, '')
    : identified;
  const stream = ON_STREAMS.has(operation) ? text(input.logStreamName) : '';
  const resource =
    operation === 'DescribeLogGroups' ? 'log-group::log-stream:' : `log-group:${group}:log-stream:${stream}`;
  return [{ action: `logs:${operation}`, resource: arn('logs', resource) }];
}
