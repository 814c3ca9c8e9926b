import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Archive, type ArchivePosition, type TimeWindow } from '../../../local/events/archive/archive.ts';
import { type EventEnvelope, envelope } from '../../../local/events/default-bus.ts';

const DAY = 86_400_000;
const ALL: TimeWindow = { from: '1970-01-01T00:00:00Z', until: '9999-12-31T23:59:59Z' };
let folder: string;
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-archive-'));
  now = Date.now();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function openArchive(retentionDays = 0): Archive {
  const definition = { name: 'a', arn: 'arn:a', bus: 'b', sourceArn: 'arn:b', retentionDays, createdAt: 0 };
  return new Archive(
    definition,
    () => true,
    folder,
    () => now,
  );
}

function eventAt(time: string, detail: unknown = {}): EventEnvelope {
  const event = { source: 's', 'detail-type': 't', detail, time, id: `${time}-${JSON.stringify(detail).length}` };
  return envelope(event, { region: 'us-east-1', accountId: '000000000000' });
}

async function eventsOf(archive: Archive, window = ALL, after?: ArchivePosition): Promise<EventEnvelope[]> {
  const events: EventEnvelope[] = [];
  for await (const { event } of archive.read(window, after)) events.push(event);
  return events;
}

const timesOf = async (archive: Archive, window?: TimeWindow, after?: ArchivePosition) =>
  (await eventsOf(archive, window, after)).map(({ time }) => time);

describe('an archive', () => {
  it('gives back what it was given, whatever an event holds and however long it is', async () => {
    const details = ['a\u2028b\u2029c\r\nd', 'ö\u{1f600}', 'x'.repeat(700_000), { deep: [{ null: null }] }, ''];
    const events = details.map((detail) => eventAt('2026-11-21T10:00:00Z', { detail }));
    const archive = openArchive();

    for (const event of events) archive.record(event);

    expect(await eventsOf(archive)).toEqual(events);
    expect(await eventsOf(openArchive())).toEqual(events);
  });

  it('is read minute by minute, in whatever order the events came', async () => {
    const archive = openArchive();
    const times = ['11:00:00', '10:01:59', '10:00:30', '10:01:00', '10:00:10', '09:59:59'];
    for (const time of times) archive.record(eventAt(`2026-11-21T${time}Z`));
    archive.record(eventAt('1999-01-01T00:00:00Z'));

    const read = await timesOf(archive);

    expect(read.map((time) => time.slice(0, 16))).toEqual([
      '1999-01-01T00:00',
      '2026-11-21T09:59',
      '2026-11-21T10:00',
      '2026-11-21T10:00',
      '2026-11-21T10:01',
      '2026-11-21T10:01',
      '2026-11-21T11:00',
    ]);
  });

  it('takes the beginning of a window in and leaves its end out', async () => {
    const archive = openArchive();
    for (const second of ['09:59:59', '10:00:00', '10:30:00', '11:59:59', '12:00:00']) {
      archive.record(eventAt(`2026-11-21T${second}Z`));
    }

    const read = await timesOf(archive, { from: '2026-11-21T10:00:00Z', until: '2026-11-21T12:00:00Z' });

    expect(read).toEqual(['2026-11-21T10:00:00Z', '2026-11-21T10:30:00Z', '2026-11-21T11:59:59Z']);
  });

  it('goes on after each position as if nothing had happened', async () => {
    const archive = openArchive();
    for (const time of ['10:00:01', '10:01:00', '10:00:02', '11:00:00', '11:00:01']) {
      archive.record(eventAt(`2026-11-21T${time}Z`));
    }
    const whole: { event: EventEnvelope; position: ArchivePosition }[] = [];
    for await (const read of archive.read(ALL)) whole.push(read);

    const rests = await Promise.all(whole.map(({ position }) => eventsOf(archive, ALL, position)));

    expect(whole).toHaveLength(5);
    expect(rests).toEqual(whole.map((_, index) => whole.slice(index + 1).map(({ event }) => event)));
  });

  it('forgets an event when its days are over, by when it came and not by what time it names', async () => {
    const archive = openArchive(30);
    archive.record(eventAt('2001-01-01T00:00:00Z'));
    now += 20 * DAY;
    archive.record(eventAt('2001-01-01T00:00:01Z'));

    const young = await timesOf(archive);
    now += 10 * DAY;
    const older = await timesOf(archive);

    expect(young).toEqual(['2001-01-01T00:00:00Z', '2001-01-01T00:00:01Z']);
    expect(older).toEqual(['2001-01-01T00:00:01Z']);
  });

  it('removes the file in which nothing is left to keep', async () => {
    const archive = openArchive(1);
    archive.record(eventAt('2026-11-21T10:00:00Z'));
    const longAgo = new Date(now - 2 * DAY);
    utimesSync(join(folder, '2026-11-21T10'), longAgo, longAgo);

    archive.record(eventAt('2026-11-22T10:00:00Z'));

    expect(readdirSync(folder)).toEqual(['2026-11-22T10']);
    expect(await archive.size()).toMatchObject({ events: 1 });
  });

  it('without a retention keeps events for ever', async () => {
    const archive = openArchive(0);
    archive.record(eventAt('2026-11-21T10:00:00Z'));
    now += 10_000 * DAY;

    const read = await timesOf(archive);

    expect(read).toHaveLength(1);
  });

  it('counts what was added since it was asked last', async () => {
    const archive = openArchive();
    archive.record(eventAt('2026-11-21T10:00:00Z'));
    const first = await archive.size();
    archive.record(eventAt('2026-11-21T10:00:01Z'));
    archive.record(eventAt('2026-11-21T11:00:00Z'));

    const second = await archive.size();

    expect(first.events).toBe(1);
    expect(second).toEqual({ events: 3, bytes: first.bytes * 3 });
    expect(await openArchive().size()).toEqual(second);
  });

  it.each([1, 30, 300_000])('leaves out what a killed process wrote half, %i bytes of it', async (bytes) => {
    const path = join(folder, '2026-11-21T10');
    openArchive().record(eventAt('2026-11-21T10:00:00Z'));
    appendFileSync(path, `${now} 2026-11-21T10:00:01Z {"${'x'.repeat(bytes)}`.slice(0, bytes));

    const archive = openArchive();
    archive.record(eventAt('2026-11-21T10:00:02Z'));

    expect(await timesOf(archive)).toEqual(['2026-11-21T10:00:00Z', '2026-11-21T10:00:02Z']);
    expect(await archive.size()).toMatchObject({ events: 2 });
  });

  it('that holds nothing but half an event is empty', async () => {
    openArchive().record(eventAt('2026-11-21T10:00:00Z'));
    truncateSync(join(folder, '2026-11-21T10'), 40);

    const archive = openArchive();

    expect(await eventsOf(archive)).toEqual([]);
    expect(await archive.size()).toEqual({ events: 0, bytes: 0 });
  });

  it('says where a file is damaged', async () => {
    const archive = openArchive();
    archive.record(eventAt('2026-11-21T10:00:00Z'));
    appendFileSync(join(folder, '2026-11-21T10'), 'scribble\n');

    await expect(eventsOf(archive)).rejects.toThrow(/2026-11-21T10 is damaged: at byte \d+/);
  });
});
