import { createHash } from 'node:crypto';
import { closeSync, readSync, type Stats } from 'node:fs';
import { namedPath } from './packed-file.ts';
import { orSkip, reasonOf, skip, type Tell } from './skipping.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts';
import { type WorkspaceEntry, workspaceEntries } from './workspace-walk.ts';

/** Files up to this many bytes are read whole before their header is written, so a size that changes does no harm. */
const WHOLE_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** Which entries of a workspace go into an archive. */
export interface ArchiveChoice {
  /** @default every entry */
  takes?(entry: WorkspaceEntry): boolean;
  /** Why a file is left out that was opened and has so many bytes; nothing where it is not. @default none is */
  whyLeaveOut?(path: Buffer, size: number): string | undefined;
  /** Permission bits that every folder gets in the archive beside its own. @default none */
  readonly folderMode?: number;
}

interface Archiving {
  readonly choice: ArchiveChoice;
  readonly tell: Tell;
}

/**
 * A workspace as a tar archive, in the order of its paths' bytes. Tells each file and link with the hash of the very
 * bytes that went into the archive, and whatever is left out with the reason.
 */
export function* archive(workspace: string, tell: Tell, choice: ArchiveChoice = {}): Generator<Buffer> {
  for (const entry of workspaceEntries(workspace, tell)) {
    if (choice.takes?.(entry) ?? true) yield* storedEntry(entry, { choice, tell });
  }
  yield TAR_END;
}

function* storedEntry(entry: WorkspaceEntry, archiving: Archiving): Generator<Buffer> {
  const { kind, path, facts } = entry;
  if (kind === 'file') yield* fileEntry(entry, archiving);
  else if (kind === 'link') yield* linkEntry(entry, archiving);
  else yield tarHeader({ type: 'folder', name: path, size: 0, ...folderFacts(facts, archiving) });
}

function* linkEntry({ folder, name, path, facts }: WorkspaceEntry, { tell }: Archiving): Generator<Buffer> {
  const target = orSkip(path, tell, () => folder.readLink(name));
  if (target === undefined) return;
  yield tarHeader({ type: 'link', name: path, size: 0, target, ...inodeFacts(facts) });
  const sha256 = createHash('sha256').update(target).digest('hex');
  tell({ file: { ...namedPath(path), type: 'link', size: 0, sha256 } }, facts);
}

function* fileEntry({ folder, name, path }: WorkspaceEntry, { choice, tell }: Archiving): Generator<Buffer> {
  const opened = orSkip(path, tell, () => folder.openFile(name));
  if (opened === undefined) return;
  const { fd, facts } = opened;
  try {
    const reason = choice.whyLeaveOut?.(path, facts.size);
    if (reason !== undefined) skip(path, tell, reason);
    else yield* facts.size <= WHOLE_BYTES ? smallFile(fd, facts, path, tell) : largeFile(fd, facts, path, tell);
  } finally {
    closeSync(fd);
  }
}

/** Stored as it was when it was read. */
function* smallFile(fd: number, facts: Stats, path: Buffer, tell: Tell): Generator<Buffer> {
  const content = orSkip(path, tell, () => readUpTo(fd, facts.size));
  if (content === undefined) return;
  yield tarHeader({ type: 'file', name: path, size: content.length, ...inodeFacts(facts) });
  yield content;
  yield tarPadding(content.length);
  const sha256 = createHash('sha256').update(content).digest('hex');
  tell({ file: fileLine(path, facts, content.length, sha256) }, facts);
}

/** Its size is promised before it is read: what it grew by is left out, what it lost is filled with zeros. */
function* largeFile(fd: number, facts: Stats, path: Buffer, tell: Tell): Generator<Buffer> {
  const { size } = facts;
  const hash = createHash('sha256');
  let short: string | undefined;
  yield tarHeader({ type: 'file', name: path, size, ...inodeFacts(facts) });
  for (let done = 0; done < size; ) {
    const wanted = Math.min(READ_BYTES, size - done);
    const read = short ?? tryRead(fd, wanted);
    if (typeof read === 'string') short = read;
    const bytes = typeof read === 'string' ? Buffer.alloc(wanted) : read;
    hash.update(bytes);
    done += bytes.length;
    yield bytes;
  }
  yield tarPadding(size);
  tell({ file: fileLine(path, facts, size, hash.digest('hex')) }, facts);
  if (short !== undefined) skip(path, tell, `${short}: the rest of it is stored as zeros`);
}

/** Some of the bytes that follow, or in words why there are none. */
function tryRead(fd: number, wanted: number): Buffer | string {
  try {
    const bytes = readUpTo(fd, wanted);
    return bytes.length > 0 ? bytes : 'became shorter while it was read';
  } catch (error) {
    return reasonOf(error);
  }
}

function readUpTo(fd: number, wanted: number): Buffer {
  const buffer = Buffer.allocUnsafe(wanted);
  let done = 0;
  while (done < wanted) {
    const count = readSync(fd, buffer, done, wanted - done, null);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

function fileLine(path: Buffer, { mode }: Stats, size: number, sha256: string) {
  return { ...namedPath(path), type: 'file' as const, size, sha256, ...(mode & 0o100 ? { executable: true } : {}) };
}

function inodeFacts({ mode, mtimeMs }: Stats): { mode: number; modifiedAt: number } {
  return { mode, modifiedAt: Math.floor(mtimeMs / 1000) };
}

function folderFacts(facts: Stats, { choice }: Archiving): { mode: number; modifiedAt: number } {
  return { ...inodeFacts(facts), mode: facts.mode | (choice.folderMode ?? 0) };
}
