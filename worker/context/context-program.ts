import { z } from 'zod';
import { CONTEXT_LEVELS } from '../../core/context-level.ts';
import { answer } from '../pack/child-answer.ts';
import { contextBlock } from './context-block.ts';

/** What the worker tells its child that looks at the workspace. */
export const ContextJob = z.strictObject({
  workspace: z.string(),
  level: z.enum(CONTEXT_LEVELS),
  repository: z
    .object({
      url: z.string(),
      branch: z.string().optional(),
      commit: z.string().optional(),
      history: z.array(z.object({ commit: z.string(), author: z.string(), date: z.string(), subject: z.string() })),
    })
    .optional(),
});
export type ContextJob = z.infer<typeof ContextJob>;

/**
 * The whole life of the child that makes the context block, and answers it. It runs as the agent's user, so that it sees
 * no more than the agent will.
 */
export async function context(description: string): Promise<void> {
  const { repository, ...job } = ContextJob.parse(JSON.parse(description));
  const { branch, commit, ...named } = repository ?? { url: '', history: [] };
  const known = { ...named, ...(branch === undefined ? {} : { branch }), ...(commit === undefined ? {} : { commit }) };
  await answer(contextBlock({ ...job, repository: repository && known }));
}
