import { z } from 'zod';
import { AGENT_NAMES, AGENTS, availableAgents } from './agents.ts';
import { CONTEXT_LEVELS } from './context-level.ts';
import { ModelId } from './model-id.ts';
import { Branch, Repo } from './repository.ts';
import { AdditionalSecrets } from './secrets.ts';
import { TIMEOUT_SECONDS } from './time-limits.ts';
import { WORKSPACE_MODES } from './workspace-mode.ts';

/** Characters of `task` at the most: Unicode code points, as JSON Schema counts. */
export const MAX_TASK_LENGTH = 50_000;

/** A NUL ends a string for every program, and a UTF-16 half without its other half cannot be written as UTF-8. */
function isPlainText(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** What a client posts. Fields that Outpost does not honour are refused, not ignored. */
export const DispatchRequest = z
  .strictObject({
    agent: z.enum(AGENT_NAMES, { error: () => `must be one of ${availableAgents().join(', ')}` }),
    /** What the agent is to do, in words; for `shell`, a bash script. It arrives unchanged. */
    task: z
      .string()
      .max(MAX_TASK_LENGTH, `must have at most ${MAX_TASK_LENGTH} characters`)
      .refine(isPlainText, 'must not contain NUL characters or lone surrogates: they cannot reach a program unchanged'),
    /** What is cloned into the workspace: `owner/name` on GitHub, or an https URL. */
    repo: Repo.optional(),
    /** The branch of it, or a tag; by default the repository's own. */
    branch: Branch.optional(),
    /** The model that does the work; by default the one that the agent's CLI takes. */
    modelId: ModelId.optional(),
    /** How much of the repository the agent is told before its task, at the most; by default `standard`. */
    contextLevel: z.enum(CONTEXT_LEVELS, { error: () => `must be one of ${CONTEXT_LEVELS.join(', ')}` }).optional(),
    /** Whether the workspace goes with the dispatch or stays, one for each repository; by default `ephemeral`. */
    workspaceMode: z.enum(WORKSPACE_MODES, { error: () => `must be one of ${WORKSPACE_MODES.join(', ')}` }).optional(),
    /** Secrets of the tenant that the agent finds in its environment, beside its model's key. */
    additionalSecrets: AdditionalSecrets.optional(),
    /** Seconds after which the agent is stopped and the dispatch ends as `timeout`. */
    timeoutSeconds: z
      .int('must be a whole number of seconds')
      .min(TIMEOUT_SECONDS.min, `must be at least ${TIMEOUT_SECONDS.min}`)
      .max(TIMEOUT_SECONDS.max, `must be at most ${TIMEOUT_SECONDS.max}`)
      .default(TIMEOUT_SECONDS.default),
  })
  .refine(({ agent, task }) => !AGENTS[agent].hasModel || task.trim() !== '', {
    path: ['task'],
    message: 'must say what the agent is to do',
  })
  .refine(({ repo, branch }) => branch === undefined || repo !== undefined, {
    path: ['branch'],
    message: 'is of no use without repo',
  })
  .refine(({ repo, workspaceMode }) => workspaceMode !== 'persistent' || repo !== undefined, {
    path: ['workspaceMode'],
    message: 'can be persistent with repo alone: a workspace is kept for each repository',
  })
  .refine(
    ({ agent, repo, contextLevel }) => contextLevel === undefined || repo !== undefined || !AGENTS[agent].hasModel,
    {
      path: ['contextLevel'],
      message: 'is of no use without repo',
    },
  )
  .refine(({ agent, modelId }) => AGENTS[agent].hasModel || modelId === undefined, {
    path: ['modelId'],
    message: 'is of no use to this agent: it asks no model',
  })
  .refine(({ agent, contextLevel }) => AGENTS[agent].hasModel || contextLevel === undefined, {
    path: ['contextLevel'],
    message: 'is of no use to this agent: its task is a script',
  });
export type DispatchRequest = z.infer<typeof DispatchRequest>;
