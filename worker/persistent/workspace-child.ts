import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { answerOf } from '../pack/child-answer.ts';
import type { ChildProgram } from '../pack/running-child.ts';
import { JobAnswer, type WorkspaceJob } from './workspace-job.ts';
import { WorkspaceProblem } from './workspace-problem.ts';

export interface WorkspaceChildOptions {
  /** How this program is started again to do the job, which is its last argument. */
  readonly program: ChildProgram;
  readonly user: AgentUser;
  readonly timeoutMs: number;
  /** @default nothing ends it */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Has a child that runs as the agent's user work in a persistent workspace. Throws a `WorkspaceProblem` that is for the
 * dispatch's reason, or why the child has failed.
 */
export async function inWorkspace(
  { program, user, timeoutMs, stop }: WorkspaceChildOptions,
  job: WorkspaceJob,
): Promise<Omit<JobAnswer, 'problem'>> {
  const { file } = program;
  const args = [...program.args, JSON.stringify(job)];
  const child = { title: `The workspace ${job.name}`, file, args, env: hostMarker(), user, stop, timeoutMs };
  const { problem, ...answer } = await answerOf(child, JobAnswer);
  if (problem !== undefined) throw new WorkspaceProblem(problem);
  return answer;
}
