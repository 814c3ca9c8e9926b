import { z } from 'zod';
import { AGENT_NAMES, AGENTS } from './agents.ts';
import { TIMEOUT_SECONDS } from './time-limits.ts';

/** Characters of `task` at the most: Unicode code points, as JSON Schema counts. */
export const MAX_TASK_LENGTH = 50_000;

/** A NUL ends a string for every program, and a UTF-16 half without its other half cannot be written as UTF-8. */
function isPlainText(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** What a client posts. Fields that Outpost does not honour are refused, not ignored. */
export const DispatchRequest = z
  .strictObject({
    agent: z.enum(AGENT_NAMES, { error: () => `must be one of ${AGENT_NAMES.join(', ')}` }),
    /** What the agent is to do, in words; for `shell`, a bash script. It arrives unchanged. */
    task: z
      .string()
      .max(MAX_TASK_LENGTH, `must have at most ${MAX_TASK_LENGTH} characters`)
      .refine(isPlainText, 'must not contain NUL characters or lone surrogates: they cannot reach a program unchanged'),
    /** Seconds after which the agent is stopped and the dispatch ends as `timeout`. */
    timeoutSeconds: z
      .int('must be a whole number of seconds')
      .min(TIMEOUT_SECONDS.min, `must be at least ${TIMEOUT_SECONDS.min}`)
      .max(TIMEOUT_SECONDS.max, `must be at most ${TIMEOUT_SECONDS.max}`)
      .default(TIMEOUT_SECONDS.default),
  })
  .refine(({ agent, task }) => AGENTS[agent].emptyTask || task.trim() !== '', {
    path: ['task'],
    message: 'must say what the agent is to do',
  });
export type DispatchRequest = z.infer<typeof DispatchRequest>;
