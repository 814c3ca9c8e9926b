import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { WorkspaceGit } from './workspace-git.ts';
import type { Fetched, Look } from './workspace-job.ts';
import { unusable, WorkspaceProblem } from './workspace-problem.ts';

export interface LookJob {
  readonly name: string;
  readonly workspace: string;
  readonly fetched: Fetched;
  readonly scratch: string;
}

/** Makes the workspace's folder where it is missing, and says what is in it. Throws a `WorkspaceProblem`. */
export async function lookAtWorkspace(job: LookJob): Promise<Look> {
  const { name, workspace } = job;
  mkdirSync(workspace, { recursive: true, mode: 0o700 });
  // An agent of the same tenant can have put a link on the way: it would lead git and the upload elsewhere.
  if (realpathSync(workspace) !== workspace) throw unusable(name, `${workspace} is a link, or lies behind one`);
  if (!existsSync(join(workspace, '.git')) && !readdirSync(workspace).includes('.git')) {
    return { isThere: false, hasOwnCommits: false };
  }
  return { isThere: true, hasOwnCommits: await hasOwnCommits(await openRepository(job), job.fetched) };
}

/** The workspace's repository, where git can read it. Throws a `WorkspaceProblem`. */
export async function openRepository({ name, workspace, fetched, scratch }: LookJob): Promise<WorkspaceGit> {
  try {
    const git = new WorkspaceGit(workspace, fetched.clone, scratch);
    const commit = await headCommit(git);
    if (commit !== undefined && !(await git.has(commit))) throw new Error(`its commit ${commit} cannot be read`);
    return git;
  } catch (error) {
    if (error instanceof WorkspaceProblem || !(error instanceof Error)) throw error;
    throw unusable(name, error.message);
  }
}

export async function headCommit(git: WorkspaceGit): Promise<string | undefined> {
  const { head } = git.files;
  return 'detached' in head ? head.detached : git.commitOf(`refs/heads/${head.branch}`);
}

/** The workspace's tip of the branch that was fetched is neither what was fetched nor what the remote had before. */
export async function hasOwnCommits(git: WorkspaceGit, { branch, commit }: Fetched): Promise<boolean> {
  if (branch === undefined) return false;
  const tip = await git.commitOf(`refs/heads/${branch}`);
  if (tip === undefined || tip === commit) return false;
  const known = await git.commitOf(`refs/remotes/origin/${branch}`);
  return known === undefined || !(await git.isWithin(tip, known));
}
