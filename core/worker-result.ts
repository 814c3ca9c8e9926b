import { z } from 'zod';
import { ReportedUsage } from './agent-usage.ts';
import { ContextIncluded } from './context-included.ts';
import { Attempt, DispatchId } from './ids.ts';
import { WorkspaceState } from './persistent-workspace.ts';
import { shortened } from './wording.ts';

/** How the worker's run of an agent came to its end. */
export const ENDED_BY = ['agent', 'timeout', 'stop', 'worker'] as const;

/**
 * `result.json`: what the worker says about its run. `agent`: the agent ended by itself; `timeout`: it outlived
 * `timeoutSeconds`; `stop`: the ECS task was stopped; `worker`: the agent could not be run at all, or its CLI ended with 0
 * and had not reached a model.
 *
 * How a dispatch ended hangs on it: what only describes the run is absent where it is not as it should be, and nothing
 * that goes on to the record is longer than that may be. The worker writes it by this schema, and its readers read it so.
 */
export const WorkerResult = z.object({
  version: z.literal(1),
  dispatchId: DispatchId,
  attempt: Attempt,
  endedBy: z.enum(ENDED_BY),
  /** The agent's own exit code, 128 + n where signal n ended it; absent where it never ran. */
  exitCode: z.int().min(0).max(255).optional(),
  /** In words, where `endedBy` and the code do not say it all. */
  reason: z.string().overwrite(shortened).optional(),
  /** What was cloned; absent where there is no repository, or no clone of it. */
  repository: z
    .object({ url: z.string(), branch: z.string().optional(), commit: z.string().optional() })
    .optional()
    .catch(undefined),
  workspace: WorkspaceState.optional().catch(undefined),
  context: ContextIncluded.optional().catch(undefined),
  usage: ReportedUsage.optional().catch(undefined),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime(),
});
export type WorkerResult = z.infer<typeof WorkerResult>;
