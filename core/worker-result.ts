import { z } from 'zod';
import { Attempt, DispatchId } from './ids.ts';

/** How the worker's run of an agent came to its end. */
export const ENDED_BY = ['agent', 'timeout', 'stop', 'worker'] as const;

/**
 * `result.json`: what the worker says about its run. `agent`: the agent ended by itself; `timeout`: it outlived
 * `timeoutSeconds`; `stop`: the ECS task was stopped; `worker`: the agent could not be run at all.
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
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime(),
});
export type WorkerResult = z.infer<typeof WorkerResult>;
