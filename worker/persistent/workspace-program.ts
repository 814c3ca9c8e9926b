import { mkdirSync, rmSync } from 'node:fs';
import { answer } from '../pack/child-answer.ts';
import { advanceWorkspace } from './advance-workspace.ts';
import { createWorkspace } from './create-workspace.ts';
import { lookAtWorkspace } from './look-at-workspace.ts';
import { measureWorkspace } from './measure-workspace.ts';
import { type JobAnswer, WorkspaceJob } from './workspace-job.ts';
import { WorkspaceProblem } from './workspace-problem.ts';

/**
 * The whole life of the child that works in a persistent workspace, and answers what came of it. It runs as the agent's
 * user, without any of the worker's variables, and must have a process group of its own: git ends with it.
 */
export async function workspace(description: string): Promise<void> {
  const job = WorkspaceJob.parse(JSON.parse(description));
  await answer(await answerTo(job));
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
