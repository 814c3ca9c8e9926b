import type { Stats } from 'node:fs';
import { whyNotSaved } from './git-folder.ts';
import { IGNORE_FILE, IgnoreRules, readIgnoreRules } from './ignore-rules.ts';
import { SafeFolder } from './safe-folder.ts';
import { orSkip, skip, type Tell } from './skipping.ts';

export type EntryKind = 'file' | 'link' | 'folder';

/** What lies in a workspace and is to be saved, as it was a moment ago. */
export interface WorkspaceEntry {
  readonly kind: EntryKind;
  /** The folder that it lies in, open as long as nobody asks for the next entry. */
  readonly folder: SafeFolder;
  readonly name: Buffer;
  /** Relative, with `/`. */
  readonly path: Buffer;
  readonly facts: Stats;
}

/**
 * What of a workspace is to be saved, in the order of its paths' bytes, a folder before what lies in it. Tells of the
 * rest with the reason: what `.outpostignore` names is left out, and what in a `.git` would have git run a program where
 * the archive is unpacked, and what a CLI keeps for itself.
 */
export function* workspaceEntries(workspace: string, tell: Tell): Generator<WorkspaceEntry> {
  const root = orSkip(Buffer.from('.'), tell, () => SafeFolder.open(Buffer.from(workspace)));
  if (root === undefined) return;
  yield* entriesOf({ folder: root, prefix: Buffer.alloc(0), rules: rulesOf(root, tell), tell });
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

function* entriesOf({ folder, prefix, rules, tell }: Walk): Generator<WorkspaceEntry> {
  try {
    const names = orSkip(prefix.length > 0 ? prefix : Buffer.from('.'), tell, () => folder.names());
    for (const name of names ?? []) {
      const path = Buffer.concat([prefix, name]);
      const facts = orSkip(path, tell, () => folder.facts(name));
      if (facts === undefined) continue;
      const kind = kindOf(facts);
      const reason = reasonToLeaveOut(path, facts, rules);
      if (reason !== undefined) skip(path, tell, reason);
      else if (kind === undefined) skip(path, tell, `is a ${oddKindOf(facts)}`);
      else if (kind === 'folder') yield* folderEntries({ kind, folder, name, path, facts }, rules, tell);
      else yield { kind, folder, name, path, facts };
    }
  } finally {
    folder.close();
  }
}

function* folderEntries(entry: WorkspaceEntry, rules: IgnoreRules, tell: Tell): Generator<WorkspaceEntry> {
  const inner = orSkip(entry.path, tell, () => entry.folder.openFolder(entry.name));
  if (inner === undefined) return;
  let isWalked = false;
  try {
    yield entry;
    isWalked = true;
  } finally {
    // Who asked for no further entry has left us with it.
    if (!isWalked) inner.close();
  }
  yield* entriesOf({ folder: inner, prefix: Buffer.concat([entry.path, Buffer.from('/')]), rules, tell });
}

function reasonToLeaveOut(path: Buffer, facts: Stats, rules: IgnoreRules): string | undefined {
  if (rules.leavesOutEntry(path, facts.isDirectory())) return 'is named by .outpostignore';
  if (IgnoreRules.cliCaches.leavesOutEntry(path, facts.isDirectory())) return "is a cache of an agent's CLI";
  return whyNotSaved(path, facts.isDirectory());
}

function kindOf(facts: Stats): EntryKind | undefined {
  if (facts.isFile()) return 'file';
  if (facts.isDirectory()) return 'folder';
  return facts.isSymbolicLink() ? 'link' : undefined;
}

function oddKindOf(facts: Stats): string {
  if (facts.isSocket()) return 'socket';
  return facts.isFIFO() ? 'named pipe' : 'device';
}
