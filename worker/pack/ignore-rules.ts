import { closeSync, readSync } from 'node:fs';
import { type GlobPart, matchesGlob, parseGlob } from './glob.ts';
import type { SafeFolder } from './safe-folder.ts';

/** The file in a workspace's top folder that names what is not to be saved, as `gitignore` does. */
export const IGNORE_FILE = Buffer.from('.outpostignore');

/** Bytes of it at the most. */
export const MAX_IGNORE_BYTES = 64 * 1024;

/** What agents' CLIs keep for themselves in the folder that they work in, and no option moves: Aider's map of a repository. */
export const CLI_CACHES = '/.aider.tags.cache.v*/\n';

interface Rule {
  readonly parts: readonly GlobPart[];
  /** `!`: takes back what a rule before it left out. */
  readonly keeps: boolean;
  readonly onlyFolders: boolean;
  /** Without a slash it is for names in any folder. */
  readonly anywhere: boolean;
}

/** What a file in the syntax of `gitignore` leaves out. Paths are bytes, relative, with `/`. */
export class IgnoreRules {
  static readonly none = new IgnoreRules([]);
  static readonly cliCaches = IgnoreRules.parse(Buffer.from(CLI_CACHES));

  private constructor(private readonly rules: readonly Rule[]) {}

  static parse(content: Buffer): IgnoreRules {
    const text = content.toString('latin1').replace(/^\xef\xbb\xbf/, '');
    const rules = text.split('\n').map((line) => parseRule(line.replace(/\r$/, '')));
    return new IgnoreRules(rules.filter((rule) => rule !== undefined));
  }

  /** Whether this entry is left out, where the folders that it lies in are not: the last rule that matches decides. */
  leavesOutEntry(path: Buffer, isFolder: boolean): boolean {
    if (this.rules.length === 0) return false;
    const names = path.toString('latin1').split('/');
    return this.decide(names, isFolder);
  }

  /** Whether a file is left out, or any folder that it lies in. */
  leavesOut(path: Buffer): boolean {
    if (this.rules.length === 0) return false;
    const names = path.toString('latin1').split('/');
    return names.some((_, at) => this.decide(names.slice(0, at + 1), at + 1 < names.length));
  }

  private decide(names: readonly string[], isFolder: boolean): boolean {
    const rule = this.rules.findLast(({ parts, onlyFolders, anywhere }) => {
      return (isFolder || !onlyFolders) && matchesGlob(parts, anywhere ? names.slice(-1) : names);
    });
    return rule !== undefined && !rule.keeps;
  }
}

function parseRule(line: string): Rule | undefined {
  if (line.startsWith('#')) return undefined;
  const keeps = line.startsWith('!');
  const trimmed = withoutTrailingSpaces(keeps ? line.slice(1) : line);
  const onlyFolders = trimmed.endsWith('/');
  const pattern = onlyFolders ? trimmed.slice(0, -1) : trimmed;
  if (pattern === '') return undefined;
  const parts = parseGlob(pattern.startsWith('/') ? pattern.slice(1) : pattern);
  return parts && { parts, keeps, onlyFolders, anywhere: !pattern.includes('/') };
}

/** A space at the end counts only after a backslash; a backslash at the end has nothing to escape. */
function withoutTrailingSpaces(line: string): string {
  const [text = line] = /^(?:\\.|[^\\])*?(?= *$)/s.exec(line) ?? [];
  return text;
}

/** The rules of a workspace, or in words why there are none to follow. No file has none. */
export function readIgnoreRules(workspace: SafeFolder): IgnoreRules | string {
  const content = readIgnoreFile(workspace);
  return typeof content === 'string' ? content : IgnoreRules.parse(content);
}

/** The content of a workspace's `.outpostignore`: empty where there is none. In words why it cannot be followed. */
export function readIgnoreFile(workspace: SafeFolder): Buffer | string {
  let fd: number | undefined;
  try {
    const opened = workspace.openFile(IGNORE_FILE);
    fd = opened.fd;
    if (opened.facts.size > MAX_IGNORE_BYTES) return `is not followed: it has more than ${MAX_IGNORE_BYTES} bytes`;
    const buffer = Buffer.alloc(MAX_IGNORE_BYTES);
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    return 'is not followed: it cannot be read as a file';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
