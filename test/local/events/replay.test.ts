import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CancelReplayCommand, DescribeArchiveCommand, DescribeReplayCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { deadParts } from '../../../local/events/dead-pattern.ts';
import { eventually, settled } from '../lambda/embedded.ts';
import { ARN, createKeptAndReplayed, entry, type ReplayStand, startReplayStand } from './replay-stand.ts';

const EVERYTHING = { EventPattern: { source: [{ prefix: '' }] } };
let stand: ReplayStand;

beforeEach(async () => {
  stand = await startReplayStand();
});

afterEach(() => stand.destroy());

const ns = () =>
  stand
    .seen()
    .map((event) => (event['detail'] as { n: number }).n)
    .sort((a, b) => a - b);
const describeReplay = (ReplayName: string) => stand.client.send(new DescribeReplayCommand({ ReplayName }));
const countOf = async (ArchiveName: string) =>
  (await stand.client.send(new DescribeArchiveCommand({ ArchiveName }))).EventCount;

/** Keeps every request to a service waiting until the answer is called. */
function holdUp(service: AwsService): () => void {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const handle = service.handle.bind(service);
  vi.spyOn(service, 'handle').mockImplementation(async (request) => {
    await opened;
    return handle(request);
  });
  return open;
}

describe('a replay', () => {
  it('brings back what the bus received, under its name, with the id, time and detail of then', async () => {
    await createKeptAndReplayed(stand);
    await stand.createRule('Other', { EventPattern: { 'replay-name': ['another'] } });
    await stand.ready();
    const [id] = await stand.put(entry(1, { Resources: ['arn:x'] }));

    await stand.replay('again');

    await eventually(() => expect(stand.seen()).toHaveLength(1));
    await stand.reaches('again', 'COMPLETED');
    const [event] = stand.seen();
    expect(event).toEqual({
      version: '0',
      id,
      'detail-type': 'Number',
      source: 'test',
      account: '000000000000',
      time: '2026-11-21T10:00:01Z',
      region: 'us-east-1',
      'replay-name': 'again',
      resources: ['arn:x'],
      detail: { n: 1 },
    });
    expect(Object.keys(event ?? {}).indexOf('replay-name')).toBe(7);
  });

  it('reaches rules by its name, and not those that exclude replays', async () => {
    await stand.createArchive('kept');
    await stand.createRule('Named', { EventPattern: { 'replay-name': ['again'] } });
    await stand.createRule('Live', { EventPattern: { source: ['test'], 'replay-name': [{ exists: false }] } });
    await stand.ready();
    await stand.put(entry(1));
    await eventually(() => expect(stand.seen()).toHaveLength(1));

    await stand.replay('again');

    await stand.reaches('again', 'COMPLETED');
    await settled(stand.embedded);
    expect(stand.seen().map((event) => event['replay-name'])).toEqual([undefined, 'again']);
  });

  it('is not archived again', async () => {
    await stand.createArchive('kept');
    await stand.createRule('All', EVERYTHING);
    await stand.ready();
    await stand.put(entry(1), entry(2));

    await stand.replay('again');
    await stand.reaches('again', 'COMPLETED');

    expect(await countOf('kept')).toBe(2);
    await eventually(() => expect(ns()).toEqual([1, 1, 2, 2]));
  });

  it('of a bus stays on that bus, and off the ears of the other services', async () => {
    await stand.createArchive('kept', { SourceArn: `${ARN}:event-bus/default` });
    await stand.createRule('Elsewhere', EVERYTHING);
    await stand.createRule('Here', { EventPattern: { 'replay-name': ['again'] }, EventBusName: 'default' });
    await stand.ready();
    await stand.put(entry(1, { EventBusName: 'default' }), entry(2));
    await eventually(() => expect(ns()).toEqual([2]));

    await stand.replay('again', { Destination: { Arn: `${ARN}:event-bus/default` } });

    await stand.reaches('again', 'COMPLETED');
    await settled(stand.embedded);
    expect(ns()).toEqual([1, 2]);
    expect(await countOf('kept')).toBe(1);
    expect(stand.embedded.events).toHaveLength(1);
  });

  it('takes in only the events of its time', async () => {
    await createKeptAndReplayed(stand);
    await stand.ready();
    await stand.put(entry(1), entry(2), entry(3), entry(4));

    await stand.replay('again', {
      EventStartTime: new Date('2026-11-21T10:00:02.600Z'),
      EventEndTime: new Date('2026-11-21T10:00:03.400Z'),
    });

    await stand.reaches('again', 'COMPLETED');
    await settled(stand.embedded);
    expect(ns()).toEqual([2, 3]);
    expect(await describeReplay('again')).toMatchObject({
      EventStartTime: new Date('2026-11-21T10:00:02.600Z'),
      EventLastReplayedTime: new Date('2026-11-21T10:00:03Z'),
    });
  });

  it('reaches only the rules that its filter names', async () => {
    await stand.createArchive('kept');
    const Input = (n: number) => JSON.stringify({ detail: { n } });
    const target = (n: number) => [
      { Id: 'x', Arn: 'arn:aws:lambda:us-east-1:000000000000:function:Listener', Input: Input(n) },
    ];
    await stand.createRule('Wanted', { EventPattern: { 'replay-name': ['again'] }, Targets: target(10) });
    await stand.createRule('Unwanted', { EventPattern: { 'replay-name': ['again'] }, Targets: target(20) });
    await stand.ready();
    await stand.put(entry(1));

    const FilterArns = [`${ARN}:rule/outpost/Wanted`];
    await stand.replay('again', { Destination: { Arn: `${ARN}:event-bus/outpost`, FilterArns } });

    await stand.reaches('again', 'COMPLETED');
    await settled(stand.embedded);
    expect(ns()).toEqual([10]);
    expect((await describeReplay('again')).Destination?.FilterArns).toEqual(FilterArns);
  });

  it('brings back only what the pattern of its archive took in', async () => {
    await stand.createArchive('kept', { EventPattern: { detail: { n: [{ numeric: ['>', 1] }] } } });
    await stand.createRule('Replayed', { EventPattern: { 'replay-name': [{ exists: true }] } });
    await stand.ready();
    await stand.put(entry(1), entry(2), entry(3));

    await stand.replay('again');

    await stand.reaches('again', 'COMPLETED');
    await settled(stand.embedded);
    expect(ns()).toEqual([2, 3]);
  });

  it('has FAILED where its archive is damaged, and says where', async () => {
    await createKeptAndReplayed(stand);
    await stand.ready();
    await stand.put(entry(1));
    appendFileSync(join(stand.embedded.folder, 'events', 'archive-kept', '2026-11-21T10'), 'scribble\n');

    await stand.replay('again');

    await stand.reaches('again', 'FAILED');
    expect((await describeReplay('again')).StateReason).toMatch(/2026-11-21T10 is damaged/);
  });

  it('may be what a rule for events of AWS waits for', () => {
    const kind = { source: 'aws.states', 'detail-type': 'Change', detail: {} };
    const replayed = (exists: boolean) => ({ source: ['aws.states'], 'replay-name': [{ exists }] });

    expect(deadParts(replayed(true), [kind])).toEqual([]);
    expect(deadParts(replayed(false), [kind])).toEqual([]);
  });
});

describe('a replay that is cancelled', () => {
  it('ends without another event', async () => {
    await createKeptAndReplayed(stand);
    await stand.put(entry(1));
    await stand.replay('again');

    const cancelled = await stand.client.send(new CancelReplayCommand({ ReplayName: 'again' }));
    await stand.ready();

    expect(cancelled).toMatchObject({ ReplayArn: `${ARN}:replay/again`, State: 'CANCELLING' });
    await stand.reaches('again', 'CANCELLED');
    expect((await describeReplay('again')).ReplayEndTime).toBeInstanceOf(Date);
    expect(stand.seen()).toEqual([]);
  });

  it('ends in the middle, and does not pile up deliveries before', async () => {
    await createKeptAndReplayed(stand);
    await stand.ready();
    for (let n = 0; n < 400; n += 10) await stand.put(...Array.from({ length: 10 }, (_, more) => entry(n + more)));
    const open = holdUp(stand.lambda);
    await stand.replay('again');
    const deliveries = () => readdirSync(join(stand.embedded.folder, 'events', 'deliveries')).length;
    await eventually(() => expect(deliveries()).toBeGreaterThan(256));
    for (let n = 0; n < 20; n += 1) await stand.put(entry(n));

    await stand.client.send(new CancelReplayCommand({ ReplayName: 'again' }));
    const piledUp = deliveries();
    open();

    await stand.reaches('again', 'CANCELLED');
    await eventually(() => expect(deliveries()).toBe(0));
    expect(piledUp).toBeLessThan(300);
    await eventually(() => expect(stand.seen()).toHaveLength(piledUp));
  });
});

describe('after a restart', () => {
  it('archives and replays are what they were', async () => {
    await stand.createArchive('kept', { RetentionDays: 30, Description: 'all' });
    await stand.ready();
    await stand.put(entry(1), entry(2));
    await stand.replay('before');
    await stand.reaches('before', 'COMPLETED');
    const archive = await stand.client.send(new DescribeArchiveCommand({ ArchiveName: 'kept' }));
    const replay = await describeReplay('before');
    await stand.stop();

    stand = await startReplayStand(stand.embedded.folder);
    await stand.createArchive('kept', { RetentionDays: 30, Description: 'all' });
    await stand.createRule('Replayed', { EventPattern: { 'replay-name': ['after'] } });
    await stand.ready();
    await stand.replay('after');

    const { $metadata: _, ...archiveNow } = await stand.client.send(
      new DescribeArchiveCommand({ ArchiveName: 'kept' }),
    );
    const { $metadata: __, ...replayNow } = await describeReplay('before');
    expect(archive).toMatchObject(archiveNow);
    expect(replay).toMatchObject(replayNow);
    await eventually(() => expect(ns()).toEqual([1, 2]));
  });

  it('a replay whose archive is gone has FAILED, and says why', async () => {
    await stand.createArchive('kept');
    await stand.replay('again');
    await stand.stop();

    stand = await startReplayStand(stand.embedded.folder);
    await stand.ready();

    await stand.reaches('again', 'FAILED');
    expect((await describeReplay('again')).StateReason).toMatch(/archive\/kept does not exist any more/);
    expect(stand.embedded.lines.join()).toMatch(/the replay again failed/);
  });

  it('an archive that would change its bus is refused', async () => {
    await stand.createArchive('kept');

    const moved = stand.createArchive('kept', { SourceArn: `${ARN}:event-bus/default` });

    await expect(moved).rejects.toThrow(/SourceArn: the archive kept is of .*event-bus\/outpost/);
  });
});
