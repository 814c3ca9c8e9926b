import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentUser, handOver } from '../agent/agent-user.ts';
import { type ListedFiles, outputOfChild } from '../pack/child-output.ts';
import type { PatchJob } from '../pack/patch-job.ts';
import type { ChildProgram } from '../pack/running-child.ts';
import type { BaseTree } from './base-tree.ts';
import { gitEnvironment } from './git-environment.ts';

/** Bytes of a file in `changes.patch` at the most: git holds a file and its coded form in memory. */
export const MAX_PATCHED_BYTES = 32 * 1024 * 1024;

/** Milliseconds for the patch: an ECS task has two minutes after SIGTERM for all that it saves. */
const TIMEOUT_MS = 60_000;

export interface PatchRequest {
  /** How this program is started again to make the patch; its last argument is the job. */
  readonly program: ChildProgram;
  readonly base: BaseTree;
  readonly workspace: string;
  /** The worker's own folder that the agent may pass through. */
  readonly folder: string;
  readonly user: AgentUser;
  /** @default 1 minute */
  readonly timeoutMs?: number;
  /** @default 32 MiB */
  readonly maxFileBytes?: number;
}

/**
 * What the agent changed since the clone, as `git apply --binary` takes it: made by a child that runs as the agent's user
 * with none of our variables, and asks nothing of the workspace's own `.git`. Yields the bytes as they come and returns
 * what is not in them. Throws where there can be no patch.
 */
export async function* changesPatch(request: PatchRequest): AsyncGenerator<Buffer, ListedFiles['skipped']> {
  const { program, base, workspace, folder, user } = request;
  const scratch = await mkdtemp(join(folder, 'patch-'));
  await handOver(scratch, user);
  const job: PatchJob = { ...base, workspace, scratch, maxFileBytes: request.maxFileBytes ?? MAX_PATCHED_BYTES };
  const { skipped } = yield* outputOfChild({
    title: 'changes.patch',
    file: program.file,
    args: [...program.args, JSON.stringify(job)],
    env: gitEnvironment('/'),
    user,
    timeoutMs: request.timeoutMs ?? TIMEOUT_MS,
  });
  // The child has emptied it; the worker does not walk through folders of the agent's.
  await rmdir(scratch);
  return skipped;
}
