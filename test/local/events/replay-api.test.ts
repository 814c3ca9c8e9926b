import {
  CancelReplayCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListArchivesCommand,
  ListReplaysCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARN, type ReplayStand, replayOf, startReplayStand } from './replay-stand.ts';

let stand: ReplayStand;

beforeEach(async () => {
  stand = await startReplayStand();
});

afterEach(() => stand.destroy());

const describeReplay = (ReplayName: string) => stand.client.send(new DescribeReplayCommand({ ReplayName }));

describe('a replay', () => {
  it('answers and describes itself as EventBridge does', async () => {
    await stand.createArchive('kept');
    await stand.ready();

    const started = await stand.client.send(new StartReplayCommand({ ...replayOf('again'), Description: 'why' }));
    await stand.reaches('again', 'COMPLETED');
    const described = await describeReplay('again');

    expect(started).toMatchObject({ ReplayArn: `${ARN}:replay/again`, State: 'STARTING' });
    expect(started.ReplayStartTime).toBeInstanceOf(Date);
    expect(described).toMatchObject({
      ReplayName: 'again',
      ReplayArn: `${ARN}:replay/again`,
      Description: 'why',
      State: 'COMPLETED',
      EventSourceArn: `${ARN}:archive/kept`,
      Destination: { Arn: `${ARN}:event-bus/outpost` },
      EventStartTime: new Date(0),
      EventEndTime: new Date('2100-01-01T00:00:00Z'),
      ReplayStartTime: started.ReplayStartTime,
    });
    expect(described.ReplayEndTime).toBeInstanceOf(Date);
    expect(described.EventLastReplayedTime).toBeUndefined();
  });

  const bus = { Arn: `${ARN}:event-bus/outpost` };
  const ruleElsewhere = `${ARN}:rule/Rule`;
  it.each([
    ['its end at its start', { EventEndTime: new Date(0) }, 'ValidationException', /before EventEndTime/],
    ['an archive that is not there', { EventSourceArn: `${ARN}:archive/no` }, 'ValidationException', /Archive no does/],
    ['another source', { EventSourceArn: `${ARN}:event-bus/outpost` }, 'ValidationException', /an archive ARN/],
    [
      'another bus than its archive',
      { Destination: { Arn: `${ARN}:event-bus/default` } },
      'ValidationException',
      /Cross event bus replay/,
    ],
    [
      'a bus that is not there',
      { Destination: { Arn: `${ARN}:event-bus/no` } },
      'ResourceNotFoundException',
      /Event bus no does not exist/,
    ],
    ['no bus', { Destination: { Arn: `${ARN}:rule/outpost/x` } }, 'ValidationException', /an event bus ARN/],
    [
      'a rule that is not there',
      { Destination: { ...bus, FilterArns: [`${ARN}:rule/outpost/No`] } },
      'ResourceNotFoundException',
      /Rule No does not exist on EventBus outpost/,
    ],
    [
      'a rule of another bus',
      { Destination: { ...bus, FilterArns: [ruleElsewhere] } },
      'ValidationException',
      /Destination.FilterArns/,
    ],
    ['a name of other letters', { ReplayName: 'a/b' }, 'ValidationException', /ReplayName/],
  ])('with %s is refused', async (_what, more, name, message) => {
    await stand.createArchive('kept');
    await stand.ready();

    await expect(stand.replay('again', more)).rejects.toMatchObject({ name, message });
    await expect(describeReplay('again')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('needs a name of its own, also after it has ended', async () => {
    await stand.createArchive('kept');
    await stand.ready();
    await stand.replay('again');
    await stand.reaches('again', 'COMPLETED');

    await expect(stand.replay('again')).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
  });

  it('is one of ten at once', async () => {
    await stand.createArchive('kept');
    for (let n = 0; n < 10; n += 1) await stand.replay(`r${n}`);

    await expect(stand.replay('r10')).rejects.toMatchObject({ name: 'LimitExceededException' });
  });

  it('can be cancelled where it is there and has not ended', async () => {
    await stand.createArchive('kept');
    await stand.ready();
    await stand.replay('again');
    await stand.reaches('again', 'COMPLETED');
    const cancel = (ReplayName: string) => stand.client.send(new CancelReplayCommand({ ReplayName }));

    await expect(cancel('again')).rejects.toMatchObject({ name: 'IllegalStatusException' });
    await expect(cancel('no')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('lists', () => {
  it('name the archives by prefix, bus and state, a page at a time', async () => {
    await stand.createArchive('a-1');
    await stand.createArchive('a-2', { RetentionDays: 7 });
    await stand.createArchive('b', { SourceArn: `${ARN}:event-bus/default` });
    const list = (input: object) => stand.client.send(new ListArchivesCommand(input));
    const names = async (input: object) => (await list(input)).Archives?.map(({ ArchiveName }) => ArchiveName);

    const first = await list({ Limit: 2 });

    expect(first.Archives?.[1]).toEqual({
      ArchiveName: 'a-2',
      EventSourceArn: `${ARN}:event-bus/outpost`,
      State: 'ENABLED',
      RetentionDays: 7,
      SizeBytes: 0,
      EventCount: 0,
      CreationTime: expect.any(Date),
    });
    expect(await names({ Limit: 2, NextToken: first.NextToken })).toEqual(['b']);
    expect(await names({ NamePrefix: 'a-' })).toEqual(['a-1', 'a-2']);
    expect(await names({ EventSourceArn: `${ARN}:event-bus/default` })).toEqual(['b']);
    expect(await names({ State: 'DISABLED' })).toEqual([]);
    await expect(list({ NamePrefix: 'a', State: 'ENABLED' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(list({ EventSourceArn: `${ARN}:event-bus/no` })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('name the replays by prefix, archive and state, a page at a time', async () => {
    await stand.createArchive('kept');
    await stand.createArchive('other');
    await stand.replay('a-1');
    await stand.replay('a-2', { EventSourceArn: `${ARN}:archive/other` });
    await stand.replay('b');
    await stand.client.send(new CancelReplayCommand({ ReplayName: 'b' }));
    const list = (input: object) => stand.client.send(new ListReplaysCommand(input));
    const names = async (input: object) => (await list(input)).Replays?.map(({ ReplayName }) => ReplayName);

    const first = await list({ Limit: 2 });

    expect(first.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(['a-1', 'a-2']);
    expect(await names({ NextToken: first.NextToken })).toEqual(['b']);
    expect(await names({ NamePrefix: 'a-' })).toEqual(['a-1', 'a-2']);
    expect(await names({ EventSourceArn: `${ARN}:archive/other` })).toEqual(['a-2']);
    expect(await names({ State: 'CANCELLING' })).toEqual(['b']);
  });
});

describe('an archive', () => {
  it('describes itself as EventBridge does', async () => {
    const EventPattern = { source: ['test'] };
    await stand.createArchive('kept', { Description: 'all', EventPattern });

    const described = await stand.client.send(new DescribeArchiveCommand({ ArchiveName: 'kept' }));

    expect(described).toMatchObject({
      ArchiveArn: `${ARN}:archive/kept`,
      ArchiveName: 'kept',
      EventSourceArn: `${ARN}:event-bus/outpost`,
      Description: 'all',
      EventPattern: JSON.stringify(EventPattern),
      State: 'ENABLED',
      RetentionDays: 0,
      SizeBytes: 0,
      EventCount: 0,
      CreationTime: expect.any(Date),
    });
  });

  it.each([
    ['a bus that is not there', { SourceArn: `${ARN}:event-bus/no` }, /Event bus no does not exist/],
    ['a pattern that is none', { EventPattern: { source: [] } }, /an empty list/],
    ['a name too long', { ArchiveName: 'a'.repeat(49) }, /ArchiveName/],
    ['a name that is a path', { ArchiveName: '../a' }, /ArchiveName/],
    ['a key', { KmsKeyIdentifier: 'k' }, /KmsKeyIdentifier is not supported/],
  ])('with %s is refused', async (_what, properties, message) => {
    await expect(stand.createArchive('kept', properties)).rejects.toThrow(message);
  });
});
