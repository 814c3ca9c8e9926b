import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { wordsOfGit } from '../repository/clone-error.ts';
import { gitEnvironment } from '../repository/git-environment.ts';
import { runGit } from '../repository/run-git.ts';
import type { PatchJob } from './patch-job.ts';

/** Exit code of `git add` where it has left out what it could not add. */
const ADDED_IN_PART = 1;
const NUL = Buffer.from([0]);

/**
 * Git on a folder that it trusts in nothing: the git directory is the worker's, what is written goes to the scratch
 * folder, and the folder's own `.git` is never asked.
 */
export class PrivateGit {
  private readonly env: Readonly<Record<string, string>>;

  /**
   * @param index the name of an index of its own
   * @param workTree the folder that it is about
   */
  constructor(
    job: PatchJob,
    index: string,
    private readonly workTree: string,
  ) {
    this.env = {
      ...gitEnvironment(job.scratch),
      GIT_DIR: job.gitDir,
      GIT_WORK_TREE: workTree,
      GIT_INDEX_FILE: join(job.scratch, index),
      GIT_OBJECT_DIRECTORY: join(job.scratch, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(join(job.gitDir, 'objects')),
    };
  }

  /** What git writes. Throws with its words where it fails. */
  async ask(args: readonly string[], input?: Buffer, allowed: readonly number[] = [0]): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await this.run(args, input);
    if (exitCode !== null && allowed.includes(exitCode)) return stdout;
    throw new Error(`git ${args[0]} failed: ${wordsOfGit(stderr) || `exit code ${exitCode}`}`);
  }

  /**
   * Brings the index to what the work tree holds, but for these paths and what `excludesFile` names. Returns git's words
   * for what it could not add.
   */
  async addAll(except: readonly Buffer[], excludesFile = '/dev/null'): Promise<string> {
    const excluded = except.map((path) => Buffer.concat([Buffer.from(':(top,exclude,literal)'), path]));
    const input = Buffer.concat([Buffer.from(':/'), ...excluded].flatMap((spec) => [spec, NUL]));
    const add = ['add', '--all', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'];
    const { exitCode, stderr } = await this.run(['-c', `core.excludesFile=${excludesFile}`, ...add], input);
    if (exitCode === 0) return '';
    if (exitCode === ADDED_IN_PART) return wordsOfGit(stderr);
    throw new Error(`git add failed: ${wordsOfGit(stderr) || `exit code ${exitCode}`}`);
  }

  /** Starts git, for output that is too much to hold. */
  start(args: readonly string[]): ChildProcess {
    return spawn('git', args, { cwd: this.workTree, env: this.env, stdio: ['ignore', 'pipe', 'inherit'] });
  }

  private run(args: readonly string[], input: Buffer | undefined) {
    const at = { cwd: this.workTree, env: this.env, joinsGroup: true };
    return runGit({ args, ...at, ...(input === undefined ? {} : { input }) });
  }
}

/** Where the rules of `.outpostignore` lie for git. */
export function ignoreCopy({ scratch }: PatchJob): string {
  return join(scratch, 'ignore');
}
