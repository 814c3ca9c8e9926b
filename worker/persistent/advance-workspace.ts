import type { WorkspaceState } from '../../core/persistent-workspace.ts';
import type { Head } from './dot-git.ts';
import { hasOwnCommits, headCommit, type LookJob, openRepository } from './look-at-workspace.ts';
import type { WorkspaceGit } from './workspace-git.ts';
import { WorkspaceProblem } from './workspace-problem.ts';

export interface AdvanceJob extends LookJob {
  readonly isNamed: boolean;
}

/** What there is to do, and what it starts from. */
interface Situation {
  readonly job: AdvanceJob;
  readonly git: WorkspaceGit;
  readonly head: Head;
  /** Where the workspace is; absent where it has no commit. */
  readonly commit: string | undefined;
}

/**
 * Takes a workspace to the commit that was fetched, where that loses neither changes nor commits of earlier dispatches;
 * otherwise it stays as it is. A dispatch that names another branch than the workspace is on has it switched there, and
 * one for which that cannot be done has a `WorkspaceProblem`: its agent would work on the wrong branch.
 */
export async function advanceWorkspace(job: AdvanceJob): Promise<WorkspaceState> {
  const git = await openRepository(job);
  const situation = { job, git, head: git.files.head, commit: await headCommit(git) };
  const { fetched, isNamed } = job;
  if (fetched.commit === undefined) return stateOf(situation, 'kept', 'The remote repository has no commit.');
  const tip = fetched.branch === undefined ? undefined : await git.commitOf(`refs/heads/${fetched.branch}`);
  const remote = `refs/remotes/origin/${fetched.branch}`;
  const before = fetched.branch === undefined ? undefined : await git.commitOf(remote);
  const isOwn = await hasUnknownCommits(situation, tip);
  const known = [situation.commit, tip, before].filter((commit) => commit !== undefined);
  await git.takeObjects(fetched.commit, [...new Set(known)]);
  if (fetched.branch !== undefined) await git.pointTo(remote, fetched.commit, 'fetched');
  if (!isNamed && !isOnFetched(situation)) return stateOf(situation, 'kept', elsewhere(situation));
  return goTo(situation, isOwn && tip !== undefined ? tip : fetched.commit);
}

/** Whether the branch here has commits that neither its remote's history nor what was fetched holds. */
async function hasUnknownCommits({ git, job: { fetched } }: Situation, tip: string | undefined): Promise<boolean> {
  if (tip === undefined || fetched.commit === undefined || !(await hasOwnCommits(git, fetched))) return false;
  return !(await git.isWithinFetched(tip, fetched.commit));
}

function isOnFetched({ head, job: { fetched } }: Situation): boolean {
  return fetched.branch !== undefined && 'branch' in head && head.branch === fetched.branch;
}

/** @param goal where the branch is to be: what was fetched, or its own tip where that holds more */
async function goTo(situation: Situation, goal: string): Promise<WorkspaceState> {
  const { job, git, head, commit } = situation;
  const { branch, commit: fetched } = job.fetched;
  const isThere = isOnFetched(situation) || (branch === undefined && 'detached' in head && commit === goal);
  const arrived: Head = branch === undefined ? { detached: goal } : { branch };
  const own = `Its branch ${branch} has commits that the remote's does not have, and so was not taken to ${fetched?.slice(0, 12)}.`;
  const note = goal === fetched ? undefined : own;
  if (isThere && commit === goal) return stateOf(situation, goal === fetched ? 'current' : 'kept', note);
  const obstacle = git.files.underWay ?? (await git.checkOut(commit, goal));
  if (obstacle !== undefined) return held(situation, isThere, obstacle);
  const kept = isThere ? undefined : await keepLoose(situation);
  if (branch !== undefined) await git.pointTo(`refs/heads/${branch}`, goal, 'advanced to what was fetched');
  if (!isThere) git.files.head = arrived;
  const words = [note, kept].filter((text) => text !== undefined).join(' ');
  return stateOf({ ...situation, head: arrived, commit: goal }, 'advanced', words === '' ? undefined : words);
}

/** Nothing has changed. On the branch that is wanted, the agent goes on from there. */
function held({ job, ...situation }: Situation, isThere: boolean, obstacle: string): WorkspaceState {
  const { branch, commit = '' } = job.fetched;
  const why = /^[A-Za-z_-]+$/.test(obstacle) ? `it is in the middle of something (${obstacle})` : obstacle;
  if (isThere) return stateOf({ job, ...situation }, 'kept', `It was not taken to ${commit.slice(0, 12)}: ${why}`);
  throw new WorkspaceProblem(
    `The workspace ${job.name} is ${placeOf(situation.head)} and cannot be switched to ${branch ?? commit.slice(0, 12)}: ${why}. Commit or discard what is there in a dispatch without branch, and then name the branch again.`,
  );
}

/** A commit that only HEAD knows gets a branch before HEAD leaves it. */
async function keepLoose({ git, head, commit }: Situation): Promise<string | undefined> {
  if (!('detached' in head) || commit === undefined || (await git.isReferredTo(commit))) return undefined;
  const name = `outpost/${commit.slice(0, 12)}`;
  await git.pointTo(`refs/heads/${name}`, commit, 'kept');
  return `It was at a commit on no branch, which is kept as ${name}.`;
}

function elsewhere({ head, job: { fetched } }: Situation): string {
  const other = fetched.branch === undefined ? fetched.commit?.slice(0, 12) : `origin/${fetched.branch}`;
  return `It stays ${placeOf(head)}, where it was left; ${other} was fetched. A dispatch that names a branch switches to it.`;
}

function placeOf(head: Head): string {
  return 'branch' in head ? `on the branch ${head.branch}` : `at the commit ${head.detached.slice(0, 12)}`;
}

function stateOf({ job, head, commit }: Situation, state: WorkspaceState['state'], note?: string): WorkspaceState {
  return {
    name: job.name,
    state,
    ...('branch' in head ? { branch: head.branch } : {}),
    ...(commit === undefined ? {} : { commit }),
    ...(note === undefined ? {} : { note }),
  };
}
