import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceState } from '../../core/persistent-workspace.ts';
import type { AgentRooms } from '../agent/agent-rooms.ts';
import { type AgentUser, handOver } from '../agent/agent-user.ts';
import { wordsOf } from '../error-words.ts';
import type { ChildProgram } from '../pack/running-child.ts';
import { type BaseTree, keepBase } from '../repository/base-tree.ts';
import { type CloneRequest, cloneRepository, deepenClone, stepMs } from '../repository/clone.ts';
import { CloneError } from '../repository/clone-error.ts';
import type { ClonedRepository } from '../repository/cloned-repository.ts';
import { inWorkspace } from './workspace-child.ts';
import type { Fetched, WorkspaceJob } from './workspace-job.ts';

export interface FetchIntoWorkspace {
  /** The workspace's id. */
  readonly name: string;
  readonly program: ChildProgram;
  readonly user: AgentUser;
  /** `workspace` is the persistent one. */
  readonly rooms: AgentRooms;
  /** The tenant's folder for what is not whole yet. */
  readonly making: string;
  /** How the remote is cloned, without where to. */
  readonly remote: Omit<CloneRequest, 'workspace' | 'withoutFiles'>;
}

export interface FetchedWorkspace {
  readonly repository: ClonedRepository;
  readonly base: BaseTree;
  readonly state: WorkspaceState;
}

/** Commits among which the workspace's own are looked for, to tell whether the remote has them by now. */
const ANCESTRY_DEPTH = 100;

/**
 * Fetches the remote's branch and takes the workspace there, where that loses nothing. What an earlier agent has prepared
 * in the workspace never meets the token: the remote is fetched into a folder of this run, and from there a child without
 * secrets takes it on. Throws a `CloneError` or a `WorkspaceProblem`.
 */
export async function fetchIntoWorkspace(request: FetchIntoWorkspace): Promise<FetchedWorkspace> {
  const { rooms, user, remote } = request;
  const clone = join(rooms.base, 'fetched');
  await mkdir(clone, { mode: 0o755 });
  await handOver(clone, user);
  const cloneRequest = { ...remote, workspace: clone, withoutFiles: true };
  const repository = await cloneRepository(cloneRequest);
  const { commit, branch } = repository;
  // Kept before anything looks at what an earlier agent has left: from then on its objects are the worker's.
  const base = await keepBase(repository, clone, rooms.base, user);
  const fetched = { clone, ...(commit === undefined ? {} : { commit }), ...(branch === undefined ? {} : { branch }) };
  return { repository, base, state: await takeIn(request, cloneRequest, fetched) };
}

async function takeIn(
  request: FetchIntoWorkspace,
  cloneRequest: CloneRequest,
  fetched: Fetched,
): Promise<WorkspaceState> {
  const { name, rooms, remote } = request;
  const place = { name, workspace: rooms.workspace };
  const scratch = () => join(rooms.temp, `outpost-${randomUUID()}`);
  const { look } = await step(request, { do: 'look', ...place, fetched, scratch: scratch() });
  if (look?.hasOwnCommits) await lookFurtherBack(cloneRequest);
  const isNamed = remote.branch !== undefined;
  const { state } = await step(
    request,
    look?.isThere
      ? { do: 'advance', ...place, fetched, scratch: scratch(), isNamed }
      : { do: 'create', ...place, fetched, making: request.making },
  );
  if (state === undefined) throw new Error(`Nobody says how the workspace ${name} is.`);
  return state;
}

async function step({ name, program, user, remote }: FetchIntoWorkspace, job: WorkspaceJob) {
  const timeoutMs = stepMs(remote);
  const begunAt = performance.now();
  try {
    return await inWorkspace({ program, user, timeoutMs, stop: remote.stop }, job);
  } catch (error) {
    if (remote.stop.aborted)
      throw new CloneError(`The worker was stopped while it prepared the workspace ${name}.`, 'stopped');
    if (performance.now() - begunAt < timeoutMs) throw error;
    throw new CloneError(`The workspace ${name} could not be prepared in time.`, 'timeout');
  }
}

/** Where that fails, the workspace's commits count as its own, and it stays as it is. */
async function lookFurtherBack(request: CloneRequest): Promise<void> {
  try {
    await deepenClone(request, ANCESTRY_DEPTH);
  } catch (error) {
    request.say(`The remote's older commits cannot be fetched: ${wordsOf(error)}`);
  }
}
