import type { Stats } from 'node:fs';
import { FolderWalk, type Walked } from './folder-walk.ts';
import { whyNotSaved } from './git-folder.ts';
import { IGNORE_FILE, IgnoreRules, readIgnoreRules } from './ignore-rules.ts';
import { SafeFolder } from './safe-folder.ts';
import { orSkip, skip, type Tell, TOO_DEEP } from './skipping.ts';

export type EntryKind = 'file' | 'link' | 'folder';

/** What lies in a workspace and is to be saved, as it was a moment ago. Its folder is open until the next one is asked for. */
export interface WorkspaceEntry extends Walked {
  readonly kind: EntryKind;
  readonly facts: Stats;
}

/** Of the path of whatever is saved: twice what Linux takes at once, for folders that an agent entered step by step. */
export const MAX_PATH_BYTES = 8 * 1024;

/**
 * What of a workspace is to be saved, in the order of its paths' bytes, a folder before what lies in it. Tells of the
 * rest with the reason: what `.outpostignore` names is left out, and what in a `.git` would have git run a program where
 * the archive is unpacked, and what a CLI keeps for itself.
 */
export function* workspaceEntries(workspace: string, tell: Tell): Generator<WorkspaceEntry> {
  const root = orSkip(TOP, tell, () => SafeFolder.open(Buffer.from(workspace)));
  if (root === undefined) return;
  const rules = rulesOf(root, tell);
  const walk = new FolderWalk();
  try {
    orSkip(TOP, tell, () => walk.enter(root));
    for (let walked = walk.next(); walked !== undefined; walked = walk.next()) {
      const entry = entryOf(walked, rules, tell);
      if (entry !== undefined && (entry.kind !== 'folder' || enters(walk, entry, tell))) yield entry;
    }
  } finally {
    walk.end();
  }
}

const TOP = Buffer.from('.');

function rulesOf(root: SafeFolder, tell: Tell): IgnoreRules {
  const rules = readIgnoreRules(root);
  if (typeof rules !== 'string') return rules;
  skip(IGNORE_FILE, tell, rules);
  return IgnoreRules.none;
}

function enters(walk: FolderWalk, { folder, name, path }: WorkspaceEntry, tell: Tell): boolean {
  return orSkip(path, tell, () => walk.enter(folder.openFolder(name), path)) ?? false;
}

/** Nothing where it is not to be saved, which is told. */
function entryOf(walked: Walked, rules: IgnoreRules, tell: Tell): WorkspaceEntry | undefined {
  const { folder, name, path } = walked;
  const facts = orSkip(path, tell, () => folder.facts(name));
  if (facts === undefined) return undefined;
  const reason = reasonToLeaveOut(path, facts, rules);
  const kind = kindOf(facts);
  if (reason === undefined && kind !== undefined) return { ...walked, kind, facts };
  skip(path, tell, reason ?? `is a ${oddKindOf(facts)}`);
  return undefined;
}

function reasonToLeaveOut(path: Buffer, facts: Stats, rules: IgnoreRules): string | undefined {
  if (path.length > MAX_PATH_BYTES) return TOO_DEEP;
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
