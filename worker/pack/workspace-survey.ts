import type { Stats } from 'node:fs';
import { FolderWalk, type Walked } from './folder-walk.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { namedPath, type PackLine } from './packed-file.ts';
import type { SafeFolder } from './safe-folder.ts';
import { MAX_PATH_BYTES } from './workspace-walk.ts';

/** What a patch of a workspace must know before git looks at it. */
export interface Survey {
  /** Folders with a `.git` of their own, the outer ones first. */
  readonly nested: Buffer[];
  /** Files over the limit. */
  readonly large: Buffer[];
}

/** Git opens these wherever they are, and would wait for a pipe to be written to. */
const READ_BY_GIT = new Set(['.gitignore', '.gitattributes']);

/**
 * Looks at names and sizes alone. Throws where git would wait for ever. What cannot be looked at is left to git, which
 * names it.
 */
export function surveyWorkspace(
  root: SafeFolder,
  rules: IgnoreRules,
  maxFileBytes: number,
  tell: (line: PackLine) => void,
): Survey {
  const survey: Survey = { nested: [], large: [] };
  const visitFile = (path: Buffer, name: string, facts: Stats) => {
    if (READ_BY_GIT.has(name) && !facts.isFile() && !facts.isSymbolicLink() && !facts.isDirectory()) {
      throw new Error(`${namedPath(path).path} is no file: git could not be asked about this workspace.`);
    }
    if (!facts.isFile() || facts.size <= maxFileBytes) return;
    survey.large.push(path);
    tell({ skipped: { ...namedPath(path), reason: `is not in changes.patch: it has ${facts.size} bytes` } });
  };
  const visit = ({ folder, name, path }: Walked): boolean => {
    const facts = attempt(() => folder.facts(name));
    if (facts === undefined || rules.leavesOutEntry(path, facts.isDirectory())) return false;
    if (name.equals(DOT_GIT)) {
      if (path.length > DOT_GIT.length) survey.nested.push(path.subarray(0, path.length - DOT_GIT.length - 1));
      return false;
    }
    visitFile(path, name.toString('latin1'), facts);
    return facts.isDirectory();
  };
  visitAll(root, visit);
  survey.nested.sort((a, b) => a.length - b.length);
  return survey;
}

const DOT_GIT = Buffer.from('.git');

/** Visits all that lies in a folder, and in those of its folders for which `visit` says so. Closes the folder. */
function visitAll(root: SafeFolder, visit: (walked: Walked) => boolean): void {
  const walk = new FolderWalk();
  try {
    attempt(() => walk.enter(root));
    for (let walked = walk.next(); walked !== undefined; walked = walk.next()) {
      const { folder, name, path } = walked;
      if (path.length <= MAX_PATH_BYTES && visit(walked)) attempt(() => walk.enter(folder.openFolder(name), path));
    }
  } finally {
    walk.end();
  }
}

/** Nothing where the system refuses: it vanished, changed, or may not be read. */
function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
