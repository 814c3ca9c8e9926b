import { closeSync, existsSync, lstatSync, readdirSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SafeFolder } from '../pack/safe-folder.ts';

/** Where a repository's HEAD is: on a branch, or at a commit by itself. */
export type Head = { readonly branch: string } | { readonly detached: string };

const HASH = /^[0-9a-f]{40,64}$/;
const MAX_HEAD_BYTES = 4_096;
const MAX_SHALLOW_BYTES = 16 * 1024 * 1024;
/** What git leaves there in the middle of a merge or its like. */
const UNDER_WAY = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'BISECT_LOG', 'rebase-merge', 'rebase-apply'];
const SHARED = /^(refs|logs|objects|packed-refs|sharedindex\..*)$/;

/** The files of a `.git` that an agent has had for itself, read and written without git. */
export class DotGit {
  /** Throws where it is no folder, or git would wait for ever for what it reads there. */
  constructor(readonly path: string) {
    if (!lstatSync(path).isDirectory()) throw new Error('its .git is no folder');
    const here = readdirSync(path, { withFileTypes: true });
    const odd = here.find((entry) => !entry.isFile() && !entry.isDirectory());
    if (odd !== undefined) throw new Error(`.git/${odd.name} is neither a file nor a folder`);
  }

  get head(): Head {
    const text = this.read('HEAD', MAX_HEAD_BYTES).trim();
    const branch = /^ref: refs\/heads\/(.+)$/.exec(text)?.[1];
    if (branch !== undefined) return { branch };
    if (HASH.test(text)) return { detached: text };
    throw new Error('its HEAD names neither a branch nor a commit');
  }

  set head(head: Head) {
    this.replace('HEAD', 'branch' in head ? `ref: refs/heads/${head.branch}\n` : `${head.detached}\n`);
  }

  /** The commits at which history is cut off. */
  get shallow(): readonly string[] {
    if (!existsSync(join(this.path, 'shallow'))) return [];
    const lines = this.read('shallow', MAX_SHALLOW_BYTES).split('\n');
    return lines.filter((line) => HASH.test(line));
  }

  set shallow(commits: readonly string[]) {
    if (commits.length > 0) this.replace('shallow', commits.map((commit) => `${commit}\n`).join(''));
  }

  /** What the repository is in the middle of, by git's own name for it. */
  get underWay(): string | undefined {
    return UNDER_WAY.find((name) => existsSync(join(this.path, name)));
  }

  /** Paths of what holds commits and branches, by their names. */
  get content(): readonly [name: string, path: string][] {
    return readdirSync(this.path)
      .filter((name) => SHARED.test(name))
      .map((name) => [name, join(this.path, name)]);
  }

  /** A git that was killed leaves its locks, and every later one would refuse to go on. */
  removeLocks(): void {
    const here = readdirSync(this.path).map((name) => join(this.path, name));
    for (const path of [...here, ...filesBelow(join(this.path, 'refs'))]) {
      if (path.endsWith('.lock')) rmSync(path, { force: true, recursive: true });
    }
  }

  /** No link is followed, and no pipe waited for. */
  private read(name: string, maxBytes: number): string {
    const folder = SafeFolder.open(Buffer.from(this.path));
    try {
      const { fd } = folder.openFile(Buffer.from(name));
      const content = Buffer.alloc(maxBytes);
      const length = readSync(fd, content, 0, maxBytes, 0);
      closeSync(fd);
      return content.toString('utf8', 0, length);
    } finally {
      folder.close();
    }
  }

  private replace(name: string, content: string): void {
    const made = join(this.path, `${name}.outpost.lock`);
    writeFileSync(made, content);
    renameSync(made, join(this.path, name));
  }
}

function filesBelow(folder: string): string[] {
  if (!lstatSync(folder).isDirectory()) throw new Error('its .git has no branches');
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isFile() && !entry.isDirectory()) throw new Error(`the branch ${entry.name} is no file`);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
