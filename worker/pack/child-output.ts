import type { Manifest, Unlisted } from '../../core/manifest.ts';
import { PackLine } from './packed-file.ts';
import { startChild, type WorkspaceChild } from './running-child.ts';

export type ListedFiles = Pick<Manifest, 'files' | 'skipped' | 'unlisted'>;

/** Characters of all lines that are kept, some 200,000 files. The rest is counted: a child may name anything without end. */
export const MAX_LISTED_CHARACTERS = 32 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * What the child writes to its standard output, as it comes; returns what it lists beside it. Throws where the child
 * fails or takes too long, so that half a file is never taken for a whole one. Nothing that it started outlives it.
 */
export async function* outputOfChild(child: WorkspaceChild): AsyncGenerator<Buffer, ListedFiles> {
  const running = startChild(child);
  running.give(NOTHING);
  const listed = readLines(running.lines);
  // Nobody would read on, and a child that nobody reads does not end. It is awaited below.
  listed.catch((error) => running.end(error));
  try {
    for await (const chunk of running.stdout) yield chunk;
    await running.ended;
    const list = await listed;
    if (list === undefined) throw new Error(`${child.title} ended before it had listed every file.`);
    return list;
  } finally {
    running.end();
  }
}

/** What is listed; nothing where the list has no end. */
async function readLines(lines: AsyncIterable<string>): Promise<ListedFiles | undefined> {
  const listed: Pick<ListedFiles, 'files' | 'skipped'> = { files: [], skipped: [] };
  const unlisted: Unlisted = { files: 0, bytes: 0, skipped: 0 };
  let characters = 0;
  let complete = false;
  for await (const text of lines) {
    const line = PackLine.parse(JSON.parse(text));
    characters += text.length;
    if ('end' in line) complete = true;
    else if (characters > MAX_LISTED_CHARACTERS) count(line, unlisted);
    else if ('file' in line) listed.files.push(line.file);
    else listed.skipped.push(line.skipped);
  }
  if (!complete) return undefined;
  return unlisted.files + unlisted.skipped > 0 ? { ...listed, unlisted } : listed;
}

function count(line: Exclude<PackLine, { end: true }>, unlisted: Unlisted): void {
  if ('skipped' in line) {
    unlisted.skipped += 1;
  } else {
    unlisted.files += 1;
    unlisted.bytes += line.file.size;
  }
}
