import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, startEmbedded } from '../lambda/embedded.ts';

const GROUP = '/outpost/test';
let embedded: Embedded;
let service: AwsService;
let client: CloudWatchLogsClient;
let count = 0;

beforeAll(async () => {
  embedded = await startEmbedded();
  service = embedded.add(await createLogs(embedded.aws));
  client = connect(embedded);
  await embedded.create(service, 'AWS::Logs::LogGroup', 'Group', { LogGroupName: GROUP, RetentionInDays: 30 });
});

afterAll(async () => {
  client.destroy();
  await embedded.destroy();
});

function connect(to: Embedded) {
  return new CloudWatchLogsClient(clientConfig(to.aws, 'arn:aws:iam::000000000000:role/caller', 'test'));
}

async function newStream(messages: readonly string[] = []): Promise<string> {
  count += 1;
  const logStreamName = `stream/${count}`;
  await client.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName }));
  if (messages.length > 0)
    await put(
      logStreamName,
      messages.map((message) => ({ message, timestamp: Date.now() })),
    );
  return logStreamName;
}

function put(logStreamName: string, logEvents: { message: string; timestamp: number }[]) {
  return client.send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName, logEvents }));
}

async function get(logStreamName: string, more: Partial<GetLogEventsCommandInput> = {}) {
  const answer = await client.send(new GetLogEventsCommand({ logGroupName: GROUP, logStreamName, ...more }));
  return { ...answer, messages: (answer.events ?? []).map((event) => event.message) };
}

describe('a log group', () => {
  it('comes from the template with its name and the ARN of its streams', async () => {
    const values = await embedded.create(service, 'AWS::Logs::LogGroup', 'Other', { LogGroupName: 'other' });

    expect(values).toEqual({
      ref: 'other',
      attributes: { Arn: 'arn:aws:logs:us-east-1:000000000000:log-group:other:*' },
    });
    const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'oth' }));
    expect(logGroups?.map((group) => group.logGroupName)).toEqual(['other']);
  });

  it('is created by call once', async () => {
    const command = new CreateLogGroupCommand({ logGroupName: 'by-call' });

    await client.send(command);

    await expect(client.send(command)).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
  });

  it.each(['../escape', '..', 'a/../../b', ' '])('named %j stays inside the folder', async (logGroupName) => {
    await client.send(new CreateLogGroupCommand({ logGroupName })).catch((error: Error) => {
      expect(error.name).toBe('InvalidParameterException');
    });

    expect(readdirSync(embedded.folder).sort()).toEqual(['logs', 'secret']);
  });

  it('that is missing is a ResourceNotFoundException', async () => {
    const command = new GetLogEventsCommand({ logGroupName: 'nowhere', logStreamName: 'x' });

    await expect(client.send(command)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    await expect(get('nowhere')).rejects.toMatchObject({ message: 'The specified log stream does not exist.' });
  });
});

describe('reading a stream', () => {
  it('goes on from the token, and at the end gives the same token again', async () => {
    const stream = await newStream(['one', 'two', 'three']);

    const first = await get(stream, { startFromHead: true, limit: 2 });
    const second = await get(stream, { nextToken: first.nextForwardToken });
    const third = await get(stream, { nextToken: second.nextForwardToken });
    await put(stream, [{ message: 'four', timestamp: Date.now() }]);
    const fourth = await get(stream, { nextToken: third.nextForwardToken });

    expect([first.messages, second.messages, third.messages, fourth.messages]).toEqual([
      ['one', 'two'],
      ['three'],
      [],
      ['four'],
    ]);
    expect(third.nextForwardToken).toBe(second.nextForwardToken);
  });

  it.each(['f/3', 'x/0', 'f/-1', 'b/'])('refuses the token %s, which is none of its own', async (nextToken) => {
    const stream = await newStream(['one']);

    await expect(get(stream, { nextToken })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('begins with the latest events unless told to start from the head', async () => {
    const stream = await newStream(['one', 'two', 'three']);

    const latest = await get(stream, { limit: 2 });
    const before = await get(stream, { nextToken: latest.nextBackwardToken });

    expect([latest.messages, before.messages]).toEqual([['two', 'three'], ['one']]);
  });

  it('leaves out what lies outside of the times', async () => {
    const stream = await newStream();
    const now = Date.now();
    await put(
      stream,
      [0, 1, 2].map((n) => ({ message: String(n), timestamp: now + n })),
    );

    const page = await get(stream, { startFromHead: true, startTime: now + 1, endTime: now + 2 });

    expect(page.messages).toEqual(['1']);
  });

  it('keeps any text, and pages through more than fits into one answer', async () => {
    const texts = [
      'ünïcödé 🚀',
      'two\nlines',
      '"quoted"',
      'x'.repeat(400_000),
      'y'.repeat(400_000),
      'z'.repeat(400_000),
    ];
    const stream = await newStream();
    for (const message of texts) await put(stream, [{ message, timestamp: Date.now() }]);

    const first = await get(stream, { startFromHead: true });
    const second = await get(stream, { nextToken: first.nextForwardToken });

    expect(first.messages).toHaveLength(5);
    expect([...first.messages, ...second.messages]).toEqual(texts);
  });

  it('finds words over the streams of a group', async () => {
    await client.send(new CreateLogGroupCommand({ logGroupName: 'filtered' }));
    for (const logStreamName of ['a', 'b']) {
      await client.send(new CreateLogStreamCommand({ logGroupName: 'filtered', logStreamName }));
      const logEvents = ['it works', 'it is broken here'].map((message) => ({ message, timestamp: Date.now() }));
      await client.send(new PutLogEventsCommand({ logGroupName: 'filtered', logStreamName, logEvents }));
    }

    const { events } = await client.send(
      new FilterLogEventsCommand({ logGroupName: 'filtered', filterPattern: '"broken here" it' }),
    );

    expect(events?.map((event) => [event.logStreamName, event.message])).toEqual([
      ['a', 'it is broken here'],
      ['b', 'it is broken here'],
    ]);
  });
});

describe('PutLogEvents', () => {
  const now = Date.now();

  it.each([
    ['no events', [], /at least one/],
    ['an empty message', [{ message: '', timestamp: now }], /not empty/],
    ['times out of order', [2, 1].map((n) => ({ message: 'x', timestamp: now + n })), /chronological order/],
    [
      'more than a day',
      [now - 90_000_000, now].map((timestamp) => ({ message: 'x', timestamp })),
      /span more than 24 hours/,
    ],
    [
      'over 1 MiB',
      [0, 1].map(() => ({ message: 'x'.repeat(600_000), timestamp: now })),
      /Upload too large: 1200052 bytes/,
    ],
    ['over 10,000 events', Array.from({ length: 10_001 }, () => ({ message: 'x', timestamp: now })), /at most 10000/],
  ])('refuses %s', async (_what, events, message) => {
    const stream = await newStream();

    await expect(put(stream, events)).rejects.toMatchObject({ name: 'InvalidParameterException', message });
  });

  it('leaves out what is too old or too new, and says so', async () => {
    const stream = await newStream();
    const hour = 3_600_000;

    const old = await put(stream, [{ message: 'old', timestamp: now - 15 * 24 * hour }]);
    const future = await put(stream, [
      { message: 'now', timestamp: now },
      { message: 'new', timestamp: now + 3 * hour },
    ]);

    expect(old.rejectedLogEventsInfo).toMatchObject({ tooOldLogEventEndIndex: 1 });
    expect(future.rejectedLogEventsInfo).toMatchObject({ tooNewLogEventStartIndex: 1 });
    expect((await get(stream, { startFromHead: true })).messages).toEqual(['now']);
  });

  it('is kept over a restart, without the line that a killed process left half-written', async () => {
    const folder = embedded.folder;
    const stream = await newStream(['kept']);
    const group = join(folder, 'logs', encodeURIComponent(GROUP));
    for (const file of readdirSync(group)) appendFileSync(join(group, file), '[17000000000');
    const restarted = await startEmbedded(folder);
    restarted.add(await createLogs(restarted.aws));
    const other = connect(restarted);

    const logEvents = [{ message: 'after', timestamp: Date.now() }];
    await other.send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName: stream, logEvents }));
    const { events } = await other.send(
      new GetLogEventsCommand({ logGroupName: GROUP, logStreamName: stream, startFromHead: true }),
    );

    expect(events?.map((event) => event.message)).toEqual(['kept', 'after']);
    other.destroy();
    await restarted.stop();
  });
});

describe('DescribeLogStreams', () => {
  it('pages through the streams, the latest first where it is asked to', async () => {
    const logGroupName = 'paged';
    await client.send(new CreateLogGroupCommand({ logGroupName }));
    const now = Date.now();
    for (const [index, logStreamName] of ['b', 'c', 'a'].entries()) {
      await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
      const logEvents = [{ message: 'x', timestamp: now + index }];
      await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
    }
    const input = { logGroupName, orderBy: 'LastEventTime', descending: true, limit: 2 } as const;

    const first = await client.send(new DescribeLogStreamsCommand(input));
    const second = await client.send(new DescribeLogStreamsCommand({ ...input, nextToken: first.nextToken }));

    const names = [first, second].map((page) => page.logStreams?.map((stream) => stream.logStreamName));
    expect(names).toEqual([['a', 'c'], ['b']]);
    expect(second.nextToken).toBeUndefined();
  });

  it('tells the times of the first and the last event', async () => {
    const stream = await newStream(['first', 'last']);

    const { logStreams } = await client.send(
      new DescribeLogStreamsCommand({ logGroupName: GROUP, logStreamNamePrefix: stream }),
    );

    const { events } = await get(stream, { startFromHead: true });
    expect(logStreams?.find((one) => one.logStreamName === stream)).toMatchObject({
      firstEventTimestamp: events?.[0]?.timestamp,
      lastEventTimestamp: events?.[1]?.timestamp,
    });
  });
});
