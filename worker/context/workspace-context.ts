import { z } from 'zod';
import { CONTEXT_LEVELS } from '../../core/context-level.ts';
import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { outputOfChild } from '../pack/child-output.ts';
import type { ContextBlock, ContextRequest } from './context-block.ts';
import type { ContextJob } from './context-program.ts';

const TIMEOUT_MS = 30_000;

const Block = z.object({
  text: z.string(),
  included: z.object({
    level: z.enum(CONTEXT_LEVELS),
    characters: z.int(),
    files: z.object({ listed: z.int(), total: z.int() }),
    contents: z.array(z.object({ path: z.string(), characters: z.int(), whole: z.boolean() })),
    commits: z.int(),
    secrets: z.array(z.object({ path: z.string(), rule: z.string() })),
  }),
});

export interface WorkspaceContextRequest extends ContextRequest {
  /** How this program is started again to make the block; its last argument is the job. */
  readonly program: { readonly file: string; readonly args: readonly string[] };
  readonly user: AgentUser;
}

/** The context block, made by a child that runs as the agent's user. Throws where there is none within 30 seconds. */
export async function workspaceContext({ program, user, ...request }: WorkspaceContextRequest): Promise<ContextBlock> {
  const { workspace, level, repository } = request;
  const facts = repository && {
    url: repository.url,
    branch: repository.branch,
    commit: repository.commit,
    history: [...repository.history],
  };
  const job: ContextJob = { workspace, level, repository: facts };
  const parts: Buffer[] = [];
  const args = [...program.args, JSON.stringify(job)];
  const child = { title: 'The context', file: program.file, args, env: hostMarker(), user, timeoutMs: TIMEOUT_MS };
  for await (const part of outputOfChild(child)) parts.push(part);
  return Block.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
}
