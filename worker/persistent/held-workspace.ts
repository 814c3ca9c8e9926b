import { join } from 'node:path';
import { attemptName, parseAttemptName } from '../../core/ids.ts';
import type { WaitingFor } from '../../core/workspace-mode.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { Deadline } from '../agent/deadline.ts';
import type { AttemptEnd } from '../attempt/attempt-work.ts';
import type { BegunAttempt } from '../attempt/begun-attempt.ts';
import { type Ending, failedToStart, outOfTime, stoppedEarly } from '../attempt/ending.ts';
import { wordsOf } from '../error-words.ts';
import { openTenantFolder } from './tenant-folders.ts';
import { tenantUser } from './tenant-user.ts';
import { inWorkspace } from './workspace-child.ts';
import { awaitLease, type HeldLease } from './workspace-lease.ts';
import { type WorkspaceName, workspaceName } from './workspace-name.ts';
import type { WorkspacesKit } from './workspaces-kit.ts';

/** Milliseconds for counting what is in a workspace. */
const MEASURE_MS = 10_000;
const MEASURE_PATIENCE_MS = 15_000;

/**
 * Runs an attempt in its persistent workspace, as its tenant's user, while no other dispatch has it: waits for that
 * within the dispatch's own time. Where the workspace is not to be had, `run` is given the ending that comes of it.
 */
export async function inPersistentWorkspace(
  begun: BegunAttempt,
  run: (begun: BegunAttempt) => Promise<AttemptEnd>,
): Promise<AttemptEnd> {
  const { workspaces, spec } = begun;
  if (workspaces === undefined || spec.repo === undefined) {
    return run({ ...begun, over: failedToStart('This worker has no persistent workspaces.', false) });
  }
  const name = workspaceName(spec.repo, begun.githubUrl);
  const lease = await waitForWorkspace(begun, workspaces, name);
  if ('containerExit' in lease) return run({ ...begun, over: lease });
  const use: { opened?: OpenedWorkspace } = {};
  try {
    use.opened = await open(begun, workspaces, name);
    return await run(withWorkspace(begun, use.opened, name, lease));
  } catch (error) {
    if (use.opened !== undefined) throw error;
    begun.log.say(wordsOf(error));
    return await run({ ...begun, over: failedToStart(wordsOf(error), false) });
  } finally {
    await giveBack(begun, name, lease, use.opened);
  }
}

/** The lease, or how the attempt ended while it waited for it. */
async function waitForWorkspace(
  begun: BegunAttempt,
  { store, times, noteWaiting }: WorkspacesKit,
  { id }: WorkspaceName,
): Promise<HeldLease | Ending> {
  const { attempt, spec, stop, log } = begun;
  const deadline = new Deadline(Math.max(0, Math.ceil(begun.remainingMs())));
  let waitingFor: WaitingFor | undefined;
  const note = async (what: WaitingFor | undefined) => {
    // Whoever looks at the dispatch is told late, or not: that is no reason to end it.
    await noteWaiting(attempt, what).catch((error) =>
      log.say(`The record does not say what it waits for: ${wordsOf(error)}`),
    );
  };
  const waits = async (heldBy: string) => {
    waitingFor = { workspace: id, dispatchId: parseAttemptName(heldBy)?.dispatchId ?? heldBy };
    log.say(`Waits for ${named(waitingFor)}.`);
    await note(waitingFor);
  };
  const workspace = { userId: spec.tenantId, workspaceId: id };
  const leasing = { store, workspace, heldBy: attemptName(attempt), times, say: (line: string) => log.say(line) };
  const over = AbortSignal.any([stop, deadline.signal]);
  const lease = await awaitLease(leasing, over, waits).finally(() => deadline.cancel());
  if (waitingFor !== undefined) {
    await note(undefined);
    if (lease !== undefined) log.say(`The workspace ${id} is free.`);
  }
  if (lease !== undefined) return lease;
  return stop.aborted ? stoppedEarly() : outOfTime(spec, waitingFor && `it waited for ${named(waitingFor)}`);
}

function named({ workspace, dispatchId }: WaitingFor): string {
  return `the workspace ${workspace}, which the dispatch ${dispatchId} has`;
}

interface OpenedWorkspace {
  readonly user: AgentUser;
  readonly workspace: string;
  readonly making: string;
}

async function open(
  { spec: { tenantId }, user: imageUser }: BegunAttempt,
  { store, folder, passwdFile }: WorkspacesKit,
  { id, origin }: WorkspaceName,
): Promise<OpenedWorkspace> {
  const user = await tenantUser(imageUser, tenantId, store, passwdFile);
  const { workspaces, making } = await openTenantFolder(folder, tenantId, user);
  if (!(await store.noteUrl({ userId: tenantId, workspaceId: id }, origin))) {
    throw new Error(
      `The workspace ${id} is of a repository elsewhere and not of ${origin}. Have its folder moved aside, and \`url\` taken off its item in the workspaces table (docs/RUNBOOK.md, "Persistent workspaces").`,
    );
  }
  return { user, workspace: join(workspaces, id), making: join(making, id) };
}

function withWorkspace(
  begun: BegunAttempt,
  { user, ...place }: OpenedWorkspace,
  { id }: WorkspaceName,
  { lost }: HeldLease,
): BegunAttempt {
  const lostBecause = () =>
    lost.aborted && !begun.stop.aborted
      ? `The agent was stopped because it could not keep the workspace ${id} for itself: ${lost.reason}.`
      : undefined;
  return {
    ...begun,
    user,
    stop: AbortSignal.any([begun.stop, lost]),
    openRooms: async () => ({ ...(await begun.openRooms(user)), workspace: place.workspace }),
    held: { name: id, ...place, lostBecause },
  };
}

async function giveBack(
  begun: BegunAttempt,
  { id }: WorkspaceName,
  lease: HeldLease,
  opened: OpenedWorkspace | undefined,
): Promise<void> {
  const size = opened && !begun.stop.aborted ? await measure(begun, id, opened) : undefined;
  const lastUsedAt = new Date().toISOString();
  await lease.release({ lastUsedAt, lastDispatchId: begun.attempt.dispatchId, size });
}

/** A size that cannot be told is not worth a dispatch. */
async function measure({ programs, log }: BegunAttempt, name: string, { user, workspace }: OpenedWorkspace) {
  const child = { program: programs.workspace, user, timeoutMs: MEASURE_PATIENCE_MS };
  try {
    return (await inWorkspace(child, { do: 'measure', name, workspace, withinMs: MEASURE_MS })).size;
  } catch (error) {
    log.say(`The size of the workspace ${name} is not known: ${wordsOf(error)}`);
    return undefined;
  }
}
