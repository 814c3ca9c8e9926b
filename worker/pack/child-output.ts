import type { Manifest } from '../../core/manifest.ts';
import { PackLine } from './packed-file.ts';
import { startChild, type WorkspaceChild } from './running-child.ts';

export type ListedFiles = Pick<Manifest, 'files' | 'skipped'>;

const NOTHING = Buffer.alloc(0);

/**
 * What the child writes to its standard output, as it comes; returns what it lists beside it. Throws where the child
 * fails or takes too long, so that half a file is never taken for a whole one. Nothing that it started outlives it.
 */
export async function* outputOfChild(child: WorkspaceChild): AsyncGenerator<Buffer, ListedFiles> {
  const running = startChild(child);
  running.give(NOTHING);
  const listed = readLines(running.lines, child);
  // It is awaited below; where the reader leaves first, nobody is interested.
  listed.catch(() => undefined);
  try {
    for await (const chunk of running.stdout) yield chunk;
    await running.ended;
    return await listed;
  } finally {
    running.end();
  }
}

async function readLines(lines: AsyncIterable<string>, { title }: WorkspaceChild): Promise<ListedFiles> {
  const listed: ListedFiles = { files: [], skipped: [] };
  let complete = false;
  for await (const text of lines) {
    const line = PackLine.parse(JSON.parse(text));
    if ('file' in line) listed.files.push(line.file);
    else if ('skipped' in line) listed.skipped.push(line.skipped);
    else complete = true;
  }
  if (!complete) throw new Error(`${title} ended before it had listed every file.`);
  return listed;
}
