import { closeSync, readSync, type Stats } from 'node:fs';
import { SafeFolder } from '../pack/safe-folder.ts';

/** Something in a workspace, by its path in bytes with `/`. */
export interface WorkspaceEntry {
  readonly path: Buffer;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Bytes of a file. */
  readonly size: number;
  /** 1 in the workspace's own folder. */
  readonly depth: number;
}

export interface WorkspaceListing {
  /** The upper ones first, each level in the order of its paths' bytes. */
  readonly entries: readonly WorkspaceEntry[];
  /** Whether there is nothing more; else the listing was ended. */
  readonly isComplete: boolean;
}

const MAX_ENTRIES = 20_000;

/** Folders that hold what tools put there: named, and not looked into. */
const NOT_OPENED = new Set(['node_modules', '.venv', 'venv', '__pycache__', '.tox', '.gradle', '.terraform', '.next']);

/** What is in a workspace, at most 20,000 entries. No link is followed, `.git` is not named. */
export function listWorkspace(workspace: string, maxEntries = MAX_ENTRIES): WorkspaceListing {
  const entries: WorkspaceEntry[] = [];
  let level: Buffer[][] = [[]];
  for (let depth = 1; level.length > 0; depth++) {
    const next: Buffer[][] = [];
    for (const folder of level) {
      for (const { name, facts } of namesIn(workspace, folder)) {
        if (entries.length === maxEntries) return { entries, isComplete: false };
        const names = [...folder, name];
        entries.push({ path: joined(names), kind: kindOf(facts), size: facts.size, depth });
        if (facts.isDirectory() && !NOT_OPENED.has(name.toString('latin1'))) next.push(names);
      }
    }
    level = next;
  }
  return { entries, isComplete: true };
}

/** The first bytes of a regular file, or nothing where it is none any more or may not be read. */
export function readBeginning(workspace: string, path: Buffer, maxBytes: number): Buffer | undefined {
  const names = separated(path);
  const name = names.at(-1) ?? Buffer.alloc(0);
  return within(workspace, names.slice(0, -1), (folder) => {
    const { fd } = folder.openFile(name);
    try {
      const buffer = Buffer.alloc(maxBytes);
      return buffer.subarray(0, readSync(fd, buffer, 0, maxBytes, 0));
    } finally {
      closeSync(fd);
    }
  });
}

function namesIn(workspace: string, folder: readonly Buffer[]): { name: Buffer; facts: Stats }[] {
  const found = within(workspace, folder, (opened) =>
    opened
      .names()
      .filter((name) => name.toString('latin1') !== '.git')
      .map((name) => ({ name, facts: opened.facts(name) })),
  );
  return found ?? [];
}

/** Does something in a folder that is reached step by step, so that a link on the way leads nowhere. */
function within<T>(workspace: string, names: readonly Buffer[], act: (folder: SafeFolder) => T): T | undefined {
  let folder: SafeFolder | undefined;
  try {
    folder = SafeFolder.open(Buffer.from(workspace));
    for (const name of names) {
      const inner: SafeFolder = folder.openFolder(name);
      folder.close();
      folder = inner;
    }
    return act(folder);
  } catch (error) {
    // It vanished, changed, or may not be read: it is then not told about.
    if ((error as NodeJS.ErrnoException).code === undefined && (error as Error).name !== 'ChangedError') throw error;
    return undefined;
  } finally {
    folder?.close();
  }
}

function kindOf(facts: Stats): WorkspaceEntry['kind'] {
  if (facts.isFile()) return 'file';
  if (facts.isDirectory()) return 'folder';
  return facts.isSymbolicLink() ? 'link' : 'other';
}

const SLASH = Buffer.from('/');

function joined(names: readonly Buffer[]): Buffer {
  return Buffer.concat(names.flatMap((name, at) => (at === 0 ? [name] : [SLASH, name])));
}

function separated(path: Buffer): Buffer[] {
  return path
    .toString('latin1')
    .split('/')
    .map((name) => Buffer.from(name, 'latin1'));
}
