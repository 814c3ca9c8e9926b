import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HourFile, readArchived } from '../../../local/events/archive/hour-file.ts';

/** A line of `faults.jsonl` or `calls.jsonl`: what it says beside this depends on what it is about. */
export const JournalLine = z.looseObject({
  time: z.string(),
  boot: z.number(),
  number: z.number(),
  ids: z.array(z.string()).default([]),
});
export type JournalLine = z.infer<typeof JournalLine>;

export function readJournal(data: string, name: 'faults' | 'calls'): JournalLine[] {
  return linesOf(join(data, 'faults', `${name}.jsonl`)).map((line) => JournalLine.parse(JSON.parse(line)));
}

/** An event of Outpost's own, as the archive got it. */
export interface PublishedEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>> & {
    readonly eventId?: string;
    readonly dispatchId?: string;
    readonly attempt?: number;
  };
}

/** Every event of Outpost's that its bus took, in order: the archive hears them before any rule, and no fault. */
export async function readArchive(data: string): Promise<PublishedEvent[]> {
  const folder = join(data, 'events', 'archive-outpost-dispatches');
  const events: PublishedEvent[] = [];
  for (const name of readdirSync(folder).sort()) {
    const handle = await open(join(folder, name));
    for await (const line of new HourFile(join(folder, name)).lines()) {
      const { detail, 'detail-type': detailType } = await readArchived(handle, line);
      events.push({ at: line.archivedAt, detailType, detail: detail as PublishedEvent['detail'] });
    }
    await handle.close();
  }
  return events;
}

/** What an agent wrote down of itself. */
export interface DiaryEntry {
  readonly what: 'began' | 'done';
  /** `<dispatchId>-<attempt>`. */
  readonly attempt: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly pid: string;
}

export function readDiary(file: string): DiaryEntry[] {
  return linesOf(file).map((line) => {
    const [what = '', attempt = '', time = '', pid = ''] = line.split(' ');
    return { what: what === 'began' ? 'began' : 'done', attempt, at: Number(time) * 1000, pid };
  });
}

/** What Lambda and EventBridge still have to do: the files of their queues. */
export function pendingWork(data: string): string[] {
  return [join('lambda', 'queue'), join('events', 'deliveries')].flatMap((folder) => {
    const path = join(data, folder);
    const names = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
    return names.map((name) => join(folder, name));
  });
}

function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
