import { mkdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { PACK_LINES_FD } from '../pack/packed-file.ts';
import { advanceWorkspace } from './advance-workspace.ts';
import { createWorkspace } from './create-workspace.ts';
import { lookAtWorkspace } from './look-at-workspace.ts';
import { measureWorkspace } from './measure-workspace.ts';
import { type JobAnswer, WorkspaceJob } from './workspace-job.ts';
import { WorkspaceProblem } from './workspace-problem.ts';

/**
 * The whole life of the child that works in a persistent workspace: writes its answer as JSON to standard output, and to
 * descriptor 3 that it is whole. It runs as the agent's user, without any of the worker's variables, and must have a
 * process group of its own: git ends with it.
 */
export async function workspace(description: string): Promise<void> {
  const job = WorkspaceJob.parse(JSON.parse(description));
  const answer = await answerTo(job);
  await new Promise((resolve) => process.stdout.write(JSON.stringify(answer), resolve));
  const lines = new Socket({ fd: PACK_LINES_FD, readable: false, writable: true });
  lines.end(`${JSON.stringify({ end: true })}\n`);
}

async function answerTo(job: WorkspaceJob): Promise<JobAnswer> {
  try {
    switch (job.do) {
      case 'look':
        return { look: await inScratch(job, lookAtWorkspace) };
      case 'create':
        return { state: await createWorkspace(job) };
      case 'advance':
        return { state: await inScratch(job, advanceWorkspace) };
      case 'measure':
        return { size: measureWorkspace(job.workspace, job.withinMs) };
    }
  } catch (error) {
    if (error instanceof WorkspaceProblem) return { problem: error.message };
    throw error;
  }
}

async function inScratch<Job extends { readonly scratch: string }, T>(
  job: Job,
  act: (job: Job) => Promise<T>,
): Promise<T> {
  mkdirSync(job.scratch);
  try {
    return await act(job);
  } finally {
    rmSync(job.scratch, { recursive: true, force: true });
  }
}
