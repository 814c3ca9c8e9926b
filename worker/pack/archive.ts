import { createHash } from 'node:crypto';
import { closeSync, readSync, type Stats } from 'node:fs';
import { whyNotSaved } from './git-folder.ts';
import { IGNORE_FILE, IgnoreRules, readIgnoreRules } from './ignore-rules.ts';
import { namedPath, type PackLine } from './packed-file.ts';
import { ChangedError, SafeFolder } from './safe-folder.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts';

/** Files up to this many bytes are read whole before their header is written, so a size that changes does no harm. */
const WHOLE_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;

type Tell = (line: PackLine) => void;

/**
 * A workspace as a tar archive, in the order of its paths' bytes. Tells each file and link with the hash of the very
 * bytes that went into the archive, and whatever is left out with the reason: what `.outpostignore` names is, and what
 * in a `.git` would have git run a program where the archive is unpacked, and what a CLI keeps for itself.
 */
export function* archive(workspace: string, tell: Tell): Generator<Buffer> {
  const root = orSkip(Buffer.from('.'), tell, () => SafeFolder.open(Buffer.from(workspace)));
  if (root !== undefined)
    yield* folderContent({ folder: root, prefix: Buffer.alloc(0), rules: rulesOf(root, tell), tell });
  yield TAR_END;
}

function rulesOf(root: SafeFolder, tell: Tell): IgnoreRules {
  const rules = readIgnoreRules(root);
  if (typeof rules !== 'string') return rules;
  skip(IGNORE_FILE, tell, rules);
  return IgnoreRules.none;
}

interface Walk {
  readonly folder: SafeFolder;
  /** Empty, or the folder's path with a `/` at its end. */
  readonly prefix: Buffer;
  readonly rules: IgnoreRules;
  readonly tell: Tell;
}

function* folderContent({ folder, prefix, rules, tell }: Walk): Generator<Buffer> {
  try {
    const names = orSkip(prefix.length > 0 ? prefix : Buffer.from('.'), tell, () => folder.names());
    for (const name of names ?? []) {
      const path = Buffer.concat([prefix, name]);
      const facts = orSkip(path, tell, () => folder.facts(name));
      if (facts === undefined) continue;
      const reason = reasonToLeaveOut(path, facts, rules);
      if (reason !== undefined) skip(path, tell, reason);
      else yield* entry({ folder, name, path, rules, tell }, facts);
    }
  } finally {
    folder.close();
  }
}

function reasonToLeaveOut(path: Buffer, facts: Stats, rules: IgnoreRules): string | undefined {
  if (rules.leavesOutEntry(path, facts.isDirectory())) return 'is named by .outpostignore';
  if (IgnoreRules.cliCaches.leavesOutEntry(path, facts.isDirectory())) return "is a cache of an agent's CLI";
  return whyNotSaved(path, facts.isDirectory());
}

interface Place {
  readonly folder: SafeFolder;
  readonly name: Buffer;
  readonly path: Buffer;
  readonly rules: IgnoreRules;
  readonly tell: Tell;
}

function* entry(place: Place, facts: Stats): Generator<Buffer> {
  if (facts.isFile()) yield* fileEntry(place);
  else if (facts.isDirectory()) yield* folderEntry(place, facts);
  else if (facts.isSymbolicLink()) yield* linkEntry(place, facts);
  else skip(place.path, place.tell, `is a ${kindOf(facts)}`);
}

function* folderEntry({ folder, name, path, rules, tell }: Place, facts: Stats): Generator<Buffer> {
  const inner = orSkip(path, tell, () => folder.openFolder(name));
  if (inner === undefined) return;
  yield tarHeader({ type: 'folder', name: path, size: 0, ...inodeFacts(facts) });
  yield* folderContent({ folder: inner, prefix: Buffer.concat([path, Buffer.from('/')]), rules, tell });
}

function* linkEntry({ folder, name, path, tell }: Place, facts: Stats): Generator<Buffer> {
  const target = orSkip(path, tell, () => folder.readLink(name));
  if (target === undefined) return;
  yield tarHeader({ type: 'link', name: path, size: 0, target, ...inodeFacts(facts) });
  const sha256 = createHash('sha256').update(target).digest('hex');
  tell({ file: { ...namedPath(path), type: 'link', size: 0, sha256 } });
}

function* fileEntry({ folder, name, path, tell }: Place): Generator<Buffer> {
  const opened = orSkip(path, tell, () => folder.openFile(name));
  if (opened === undefined) return;
  const { fd, facts } = opened;
  try {
    yield* facts.size <= WHOLE_BYTES ? smallFile(fd, facts, path, tell) : largeFile(fd, facts, path, tell);
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
  tell({ file: fileLine(path, facts, content.length, createHash('sha256').update(content).digest('hex')) });
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
  tell({ file: fileLine(path, facts, size, hash.digest('hex')) });
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

/** What a step yields, or nothing where it failed: the path is then told as skipped. */
function orSkip<T>(path: Buffer, tell: Tell, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    skip(path, tell, reasonOf(error));
    return undefined;
  }
}

function skip(path: Buffer, tell: Tell, reason: string): void {
  tell({ skipped: { ...namedPath(path), reason } });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ENOENT: 'vanished before it was read',
  ELOOP: 'was swapped for a link while it was read',
  ENOTDIR: 'is not a folder any more',
  EMFILE: 'lies too deep',
  ENAMETOOLONG: 'lies too deep',
};

function reasonOf(error: unknown): string {
  if (error instanceof ChangedError) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) throw error;
  return REASONS[code] ?? `cannot be read: ${code}`;
}

function kindOf(facts: Stats): string {
  if (facts.isSocket()) return 'socket';
  return facts.isFIFO() ? 'named pipe' : 'device';
}
