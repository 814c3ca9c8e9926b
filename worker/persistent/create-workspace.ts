import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WorkspaceState } from '../../core/persistent-workspace.ts';
import { wordsOfGit } from '../repository/clone-error.ts';
import { gitEnvironment, SAFE_SETTINGS } from '../repository/git-environment.ts';
import { runGit } from '../repository/run-git.ts';
import type { Fetched } from './workspace-job.ts';

export interface CreateJob {
  readonly name: string;
  readonly workspace: string;
  readonly fetched: Fetched;
  /** A folder of the tenant's for what is not whole yet, on the same file system. */
  readonly making: string;
}

/**
 * Puts what was fetched into a workspace without a repository. It is made beside it and renamed when it is whole, so that
 * a worker that dies on the way leaves nothing half made. Files that are there already stay as they are.
 */
export async function createWorkspace(job: CreateJob): Promise<WorkspaceState> {
  const { name, workspace, fetched } = job;
  const { clone, commit, branch } = fetched;
  rmSync(job.making, { recursive: true, force: true });
  mkdirSync(dirname(job.making), { recursive: true, mode: 0o700 });
  mkdirSync(job.making, { mode: 0o700 });
  cpSync(join(clone, '.git'), join(job.making, '.git'), { recursive: true, verbatimSymlinks: true });
  const isEmpty = readdirSync(workspace).length === 0;
  if (commit !== undefined) await fill(job.making, isEmpty ? ['reset', '--hard', '--quiet'] : ['read-tree', 'HEAD']);
  if (isEmpty) renameSync(job.making, workspace);
  else renameSync(join(job.making, '.git'), join(workspace, '.git'));
  rmSync(job.making, { recursive: true, force: true });
  return {
    name,
    state: 'created',
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit }),
    ...(isEmpty ? {} : { note: 'There was no .git: a fresh one lies beside the files, which stay as they were.' }),
  };
}

async function fill(folder: string, args: readonly string[]): Promise<void> {
  const safe = SAFE_SETTINGS.flatMap(([setting, value]) => ['-c', `${setting}=${value}`]);
  const env = gitEnvironment(folder);
  const { exitCode, stderr } = await runGit({ args: [...safe, ...args], cwd: folder, env, joinsGroup: true });
  if (exitCode !== 0) throw new Error(wordsOfGit(stderr) || `git ${args[0]} ended with exit code ${exitCode}`);
}
