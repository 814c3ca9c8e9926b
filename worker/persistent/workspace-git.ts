import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wordsOfGit } from '../repository/clone-error.ts';
import { gitEnvironment, SAFE_SETTINGS } from '../repository/git-environment.ts';
import { type GitEnd, runGit } from '../repository/run-git.ts';
import { DotGit } from './dot-git.ts';

/**
 * Git on the repository of a workspace that an agent has had for itself. Its settings are never read: git is given a
 * directory of ours, with the settings of a fresh clone, in which branches, logs and objects are links to the
 * workspace's. So no hook, fsmonitor, filter, include or remote of the agent's is known to it.
 */
export class WorkspaceGit {
  readonly files: DotGit;
  private readonly own: string;
  private readonly env: Readonly<Record<string, string>>;
  private readonly clone: DotGit;

  /**
   * @param clone a clone of the same repository that no agent has seen
   * @param scratch a folder that only this object uses
   */
  constructor(
    private readonly workspace: string,
    clone: string,
    private readonly scratch: string,
  ) {
    this.files = new DotGit(join(workspace, '.git'));
    this.clone = new DotGit(join(clone, '.git'));
    this.own = join(scratch, 'git');
    this.env = {
      ...gitEnvironment(scratch),
      GIT_DIR: this.own,
      GIT_WORK_TREE: workspace,
      GIT_INDEX_FILE: join(this.files.path, 'index'),
      GIT_COMMITTER_NAME: 'Outpost',
      GIT_COMMITTER_EMAIL: 'outpost@localhost',
    };
    this.files.removeLocks();
    this.makeOwn();
  }

  /** The commit that a reference names, `undefined` where there is none. */
  async commitOf(reference: string): Promise<string | undefined> {
    const { exitCode, stdout } = await this.run(['rev-parse', '--verify', '--quiet', '--end-of-options', reference]);
    return exitCode === 0 ? stdout.toString('utf8').trim() : undefined;
  }

  /** Whether a commit and its tree can be read. */
  async has(commit: string): Promise<boolean> {
    return (await this.run(['cat-file', '-e', `${commit}^{tree}`])).exitCode === 0;
  }

  /** Whether a commit is among those that another one comes from, as far as the workspace knows them. */
  async isWithin(commit: string, other: string): Promise<boolean> {
    return (await this.run(['merge-base', '--is-ancestor', commit, other])).exitCode === 0;
  }

  /** As above, by what was fetched. */
  async isWithinFetched(commit: string, other: string): Promise<boolean> {
    const env = { ...gitEnvironment(this.scratch), GIT_DIR: this.clone.path };
    const args = [...SAFE, 'merge-base', '--is-ancestor', commit, other];
    return (await runGit({ args, cwd: this.scratch, env, joinsGroup: true })).exitCode === 0;
  }

  /** Whether a branch, a tag or what is known of the remote holds a commit. */
  async isReferredTo(commit: string): Promise<boolean> {
    const { stdout } = await this.run(['for-each-ref', '--count=1', '--contains', commit, '--format=%(refname)']);
    return stdout.length > 0;
  }

  async pointTo(reference: string, commit: string, why: string): Promise<void> {
    const { exitCode, stderr } = await this.run(['update-ref', '-m', `outpost: ${why}`, reference, commit]);
    if (exitCode !== 0) throw new Error(wordsOfGit(stderr) || `git update-ref ended with exit code ${exitCode}`);
  }

  /**
   * Takes files and index from one commit to another. Returns git's words where that would lose what is not committed,
   * and then nothing has changed. Files that `.gitignore` names are as dear as any.
   */
  async checkOut(from: string | undefined, to: string): Promise<string | undefined> {
    writeFileSync(join(this.own, 'HEAD'), from === undefined ? NOWHERE : `${from}\n`);
    const end = await this.run(['checkout', '--quiet', '--no-overwrite-ignore', '--detach', to]);
    if (end.exitCode === 0) return undefined;
    const words = wordsOfGit(end.stderr) || `git checkout ended with exit code ${end.exitCode}`;
    if (end.exitCode === 1) return words;
    throw new Error(words);
  }

  /** Brings a fetched commit's objects into the workspace, less those of commits that it has. */
  async takeObjects(commit: string, known: readonly string[]): Promise<void> {
    if (await this.has(commit)) return;
    // Where the workspace's own cannot be read, all of the commit's are taken.
    const words = this.takePack(commit, known) && this.takePack(commit, []);
    if (words !== undefined) throw new Error(words);
    this.files.shallow = this.allShallow;
  }

  private makeOwn(): void {
    mkdirSync(this.own);
    writeFileSync(join(this.own, 'HEAD'), NOWHERE);
    copyFileSync(join(this.clone.path, 'config'), join(this.own, 'config'));
    writeFileSync(join(this.own, 'shallow'), this.allShallow.map((commit) => `${commit}\n`).join(''));
    for (const [name, path] of this.files.content) symlinkSync(path, join(this.own, name));
  }

  /** Where either history ends. */
  private get allShallow(): string[] {
    return [...new Set([...this.files.shallow, ...this.clone.shallow])];
  }

  /** Git's words where it fails. */
  private takePack(commit: string, known: readonly string[]): string | undefined {
    const [list, pack] = [join(this.scratch, 'commits'), join(this.scratch, 'pack')];
    writeFileSync(list, [commit, ...known.map((had) => `^${had}`)].map((line) => `${line}\n`).join(''));
    const lean = ['pack-objects', '--quiet', '--revs', '--thin', '--shallow', '--delta-base-offset', '--stdout'];
    const env = { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(join(this.clone.path, 'objects')) };
    return this.pipe(lean, list, pack, env) ?? this.pipe(['index-pack', '--stdin', '--fix-thin'], pack, '/dev/null');
  }

  /** A pack may be larger than memory. Returns git's words where it fails. */
  private pipe(args: string[], from: string, to: string, env: Record<string, string> = {}): string | undefined {
    const [input, output] = [openSync(from, 'r'), openSync(to, 'w')];
    const at = { cwd: this.workspace, env: { ...this.env, ...env }, stdio: [input, output, 'pipe'] as const };
    const { status, stderr } = spawnSync('git', [...SAFE, ...args], { ...at, stdio: [...at.stdio] });
    for (const fd of [input, output]) closeSync(fd);
    return status === 0 ? undefined : wordsOfGit(stderr.toString('utf8')) || `git ${args[0]} ended with ${status}`;
  }

  private run(args: readonly string[]): Promise<GitEnd> {
    return runGit({ args: [...SAFE, ...args], cwd: this.workspace, env: this.env, joinsGroup: true });
  }
}

/** A branch without commits. */
const NOWHERE = 'ref: refs/heads/outpost/none\n';

const SAFE = [
  ...SAFE_SETTINGS.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  // Its second file would lie in our directory, which does not stay.
  ...['-c', 'core.splitIndex=false'],
];
