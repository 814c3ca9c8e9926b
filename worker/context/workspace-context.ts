import { z } from 'zod';
import { ContextIncluded } from '../../core/context-included.ts';
import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { answerOf } from '../pack/child-answer.ts';
import type { ChildProgram } from '../pack/running-child.ts';
import type { ContextBlock, ContextRequest } from './context-block.ts';
import type { ContextJob } from './context-program.ts';

const TIMEOUT_MS = 30_000;

const Block = z.object({ text: z.string(), included: ContextIncluded });

export interface WorkspaceContextRequest extends ContextRequest {
  /** How this program is started again to make the block; its last argument is the job. */
  readonly program: ChildProgram;
  readonly user: AgentUser;
  /** @default nothing ends it */
  readonly stop?: AbortSignal;
}

/** The context block, made by a child that runs as the agent's user. Throws where there is none within 30 seconds. */
export async function workspaceContext(request: WorkspaceContextRequest): Promise<ContextBlock> {
  const { program, user, stop, workspace, level, repository } = request;
  const facts = repository && {
    url: repository.url,
    branch: repository.branch,
    commit: repository.commit,
    history: [...repository.history],
  };
  const job: ContextJob = { workspace, level, repository: facts };
  const args = [...program.args, JSON.stringify(job)];
  const { file } = program;
  const child = { title: 'The context', file, args, env: hostMarker(), user, stop, timeoutMs: TIMEOUT_MS };
  return answerOf(child, Block);
}
