import { z } from 'zod';
import { AgentUsage } from './agent-usage.ts';
import { ContextIncluded } from './context-included.ts';
import { Attempt, DispatchId } from './ids.ts';
import { WorkspaceState } from './persistent-workspace.ts';

/** How the worker's run of an agent came to its end. */
export const ENDED_BY = ['agent', 'timeout', 'stop', 'worker'] as const;

/**
 * `result.json`: what the worker says about its run. `agent`: the agent ended by itself; `timeout`: it outlived
 * `timeoutSeconds`; `stop`: the ECS task was stopped; `worker`: the agent could not be run at all, or its CLI ended with 0
 * and had not reached a model.
 */
export const WorkerResult = z.object({
  version: z.literal(1),
  dispatchId: DispatchId,
  attempt: Attempt,
  endedBy: z.enum(ENDED_BY),
  /** The agent's own exit code, 128 + n where signal n ended it; absent where it never ran. */
  exitCode: z.int().min(0).max(255).optional(),
  /** In words, where `endedBy` and the code do not say it all. */
  reason: z.string().optional(),
  /** What was cloned; absent where there is no repository, or no clone of it. */
  repository: z.object({ url: z.string(), branch: z.string().optional(), commit: z.string().optional() }).optional(),
  workspace: WorkspaceState.optional(),
  context: ContextIncluded.optional(),
  usage: AgentUsage.optional(),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime(),
});
export type WorkerResult = z.infer<typeof WorkerResult>;
