import { z } from 'zod';
import type { AwsService, LocalAws, TemplateResource } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { jsonOperations } from '../gateway/json-service.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { describeLogStreams } from './describe-log-streams.ts';
import { LogGroups } from './log-groups.ts';
import { acceptEvents } from './put-log-events.ts';
import { filterLogEvents, getLogEvents } from './read-log-events.ts';

const LogGroupProperties = z.strictObject({
  LogGroupName: z.string().optional(),
  LogGroupClass: z.literal('STANDARD').optional(),
  RetentionInDays: z.coerce.number().optional(),
  KmsKeyId: z.string().optional(),
  Tags: z.unknown().optional(),
});

/** CloudWatch Logs: groups from the template or by call, streams as append-only files. Nothing expires. */
export async function createLogs(aws: LocalAws): Promise<AwsService> {
  const groups = new LogGroups(aws.folder('logs'), `arn:aws:logs:${aws.region}:${aws.accountId}`);
  const handle = jsonOperations(
    {
      CreateLogGroup: (input) => {
        if (groups.createGroup(text(input, 'logGroupName'))) return {};
        throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
      },
      CreateLogStream: (input) => groups.createStream(groupName(input), text(input, 'logStreamName')),
      DescribeLogGroups: (input) => ({ logGroups: describeGroups(groups, input.logGroupNamePrefix) }),
      DescribeLogStreams: (input) => describeLogStreams(groups, groupName(input), input),
      PutLogEvents: (input) => {
        const stream = groups.stream(groupName(input), text(input, 'logStreamName'));
        const { events, ...rejected } = acceptEvents(input.logEvents, Date.now());
        stream.append(events);
        return { nextSequenceToken: String(stream.size), ...rejected };
      },
      GetLogEvents: (input) => getLogEvents(groups.stream(groupName(input), text(input, 'logStreamName')), input),
      FilterLogEvents: (input) => filterLogEvents(groups, groupName(input), input),
    },
    (error) => aws.log(`logs: ${String(error)}`),
  );
  return {
    signingName: 'logs',
    resources: { 'AWS::Logs::LogGroup': (resource) => createGroup(groups, resource) },
    handle,
    close: async () => groups.close(),
  };
}

function createGroup(groups: LogGroups, resource: TemplateResource) {
  const { LogGroupName = generatedName(resource) } = parseProperties(LogGroupProperties, resource);
  groups.createGroup(LogGroupName);
  return { ref: LogGroupName, attributes: { Arn: `${groups.groupArn(LogGroupName)}:*` } };
}

function describeGroups(groups: LogGroups, prefix = '') {
  return groups
    .groupNames()
    .filter((name) => name.startsWith(prefix))
    .map((logGroupName) => ({
      logGroupName,
      arn: `${groups.groupArn(logGroupName)}:*`,
      logGroupArn: groups.groupArn(logGroupName),
    }));
}

/** A group is named by `logGroupName`, or by name or ARN in `logGroupIdentifier`. */
function groupName(input: { logGroupIdentifier?: string }): string {
  const identifier = input.logGroupIdentifier;
  if (identifier === undefined) return text(input, 'logGroupName');
  return identifier.replace(/^arn:aws:logs:[^:]*:[^:]*:log-group:/, '').replace(/:\*$/, '');
}

function text(input: object, field: string): string {
  const value: unknown = Reflect.get(input, field);
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('InvalidParameterException', `'${field}' is required.`);
}
