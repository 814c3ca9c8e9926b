import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventEnvelope } from '../default-bus.ts';
import type { EventMatcher } from '../event-pattern.ts';
import { type ArchivedLine, HourFile, readArchived } from './hour-file.ts';

const DAY_MS = 86_400_000;
/** `2026-11-21T10` and `2026-11-21T10:05`, the beginnings of an event's time. */
const HOUR_LENGTH = 13;
const MINUTE_LENGTH = 16;

export interface ArchiveDefinition {
  readonly name: string;
  readonly arn: string;
  /** The bus whose events it keeps. */
  readonly bus: string;
  readonly sourceArn: string;
  readonly description?: string | undefined;
  readonly pattern?: Readonly<Record<string, unknown>> | undefined;
  /** 0: for ever. */
  readonly retentionDays: number;
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

/** The events from `from` on and before `until`, both as an event has its time: whole seconds, UTC. */
export interface TimeWindow {
  readonly from: string;
  readonly until: string;
}

/** How far a window has been read: so many of its events of one minute, and all of the minutes before. */
export interface ArchivePosition {
  readonly minute: string;
  readonly done: number;
}

/** The events of a bus that match a pattern, as files of an hour each, by the time in the event. */
export class Archive {
  private readonly files = new Map<string, HourFile>();

  /** @param now milliseconds since the epoch */
  constructor(
    readonly definition: ArchiveDefinition,
    private readonly matches: EventMatcher,
    private readonly folder: string,
    private readonly now: () => number = Date.now,
  ) {
    mkdirSync(folder, { recursive: true });
    this.removeExpired();
    for (const hour of readdirSync(folder)) this.files.set(hour, this.fileOf(hour));
  }

  /** Keeps an event of the bus that matches; when this returns, it survives the process. */
  record(event: EventEnvelope): void {
    if (!this.matches(event)) return;
    const hour = event.time.slice(0, HOUR_LENGTH);
    let file = this.files.get(hour);
    if (!file) {
      this.removeExpired();
      file = this.fileOf(hour);
      this.files.set(hour, file);
    }
    file.append(event, this.now());
  }

  /**
   * The events of a window minute by minute, each with the position to go on from after it. Of one hour at a time, where
   * its events lie is held in memory. Rejects where a file is damaged.
   */
  async *read(
    window: TimeWindow,
    after?: ArchivePosition,
  ): AsyncGenerator<{ readonly event: EventEnvelope; readonly position: ArchivePosition }> {
    const first = (after?.minute ?? window.from).slice(0, HOUR_LENGTH);
    for (const [hour, file] of [...this.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (hour < first || hour > window.until) continue;
      const handle = await openIfThere(join(this.folder, hour));
      if (!handle) continue;
      try {
        for (const [minute, lines] of await byMinute(file, window)) {
          if (after && minute < after.minute) continue;
          for (let done = minute === after?.minute ? after.done : 0; done < lines.length; done += 1) {
            const line = lines[done];
            if (!line || this.isExpired(line.archivedAt)) continue;
            yield { event: await readArchived(handle, line), position: { minute, done: done + 1 } };
          }
        }
      } finally {
        await handle.close();
      }
    }
  }

  /** As EventBridge says of its own: may count events that expired in the last hours. */
  async size(): Promise<{ readonly events: number; readonly bytes: number }> {
    this.removeExpired();
    const total = { events: 0, bytes: 0 };
    for (const file of this.files.values()) {
      const { lines, bytes } = await file.size();
      total.events += lines;
      total.bytes += bytes;
    }
    return total;
  }

  private fileOf(hour: string): HourFile {
    return new HourFile(join(this.folder, hour));
  }

  /** A file is over when the last event that came into it is: an event's own time may be any. */
  private removeExpired(): void {
    for (const hour of readdirSync(this.folder)) {
      const path = join(this.folder, hour);
      if (!this.isExpired(statSync(path).mtimeMs)) continue;
      rmSync(path);
      this.files.delete(hour);
    }
  }

  private isExpired(archivedAt: number): boolean {
    const { retentionDays } = this.definition;
    return retentionDays > 0 && archivedAt + retentionDays * DAY_MS <= this.now();
  }
}

/** In the order of the minutes; within one, in the order in which they came. */
async function byMinute(file: HourFile, { from, until }: TimeWindow): Promise<[string, ArchivedLine[]][]> {
  const minutes = new Map<string, ArchivedLine[]>();
  for await (const line of file.lines()) {
    if (line.time < from || line.time >= until) continue;
    const minute = line.time.slice(0, MINUTE_LENGTH);
    const lines = minutes.get(minute);
    if (lines) lines.push(line);
    else minutes.set(minute, [line]);
  }
  return [...minutes].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What expired since the archive's files were listed is not there any more. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
