import { once } from 'node:events';
import { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { archive } from '../pack/archive.ts';
import { inBatches } from '../pack/batches.ts';
import { writeCompressed } from '../pack/compressed.ts';
import { GrowthLimit } from '../pack/output-limit.ts';
import { namedPath, PACK_LINES_FD, type PackLine } from '../pack/packed-file.ts';
import { type WorkspaceEntry, workspaceEntries } from '../pack/workspace-walk.ts';
import { type CheckpointLine, type CheckpointWish, markOf, markOfRead, readWish } from './checkpoint-lines.ts';

/** In a folder that is read-only, the archives that come later could not be unpacked. */
const WRITABLE = 0o700;

/**
 * The whole life of the child that a checkpoint is made by: tells what lies in the workspace, reads from standard input
 * what of it is wished for, and writes that as `.tar.gz` to standard output. It runs as the agent's user, while the agent
 * runs.
 */
export async function checkpoint(workspace: string): Promise<void> {
  const lines = new Socket({ fd: PACK_LINES_FD, readable: false, writable: true });
  for (const batch of inBatches(survey(workspace))) if (!lines.write(batch)) await once(lines, 'drain');
  const wish = readWish(await buffer(process.stdin));
  if (wish !== undefined) await pack(workspace, wish, (line) => void lines.write(lineOf(line)));
  lines.end();
}

function* survey(workspace: string): Generator<Buffer> {
  const left: PackLine[] = [];
  for (const entry of workspaceEntries(workspace, (line) => left.push(line))) yield lineOf({ seen: seenOf(entry) });
  for (const line of left) if ('skipped' in line) yield lineOf(line);
  yield lineOf({ surveyed: true });
}

function seenOf({ kind, path, facts }: WorkspaceEntry) {
  return { ...namedPath(path), kind, size: kind === 'file' ? facts.size : 0, mark: markOf(facts) };
}

async function pack(
  workspace: string,
  { entries, slack }: CheckpointWish,
  tell: (line: CheckpointLine) => void,
): Promise<void> {
  const growth = new GrowthLimit(new Map([...entries].map(([path, { size }]) => [path, size])), slack);
  const stored = archive(
    workspace,
    (line, facts) => {
      if ('skipped' in line) tell(line);
      else if ('file' in line && facts !== undefined) tell({ file: line.file, mark: markOfRead(facts) });
    },
    {
      takes: ({ kind, path, facts }) => {
        if (entries.get(path.toString('latin1'))?.kind !== kind) return false;
        if (kind === 'folder') tell({ folder: namedPath(path), mark: markOf(facts) });
        return true;
      },
      whyLeaveOut: (path, size) => growth.whyLeaveOut(path.toString('latin1'), size),
      folderMode: WRITABLE,
    },
  );
  await writeCompressed(stored);
  tell({ end: true });
}

function lineOf(line: CheckpointLine): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`);
}
