import { z } from 'zod';
import { CONTEXT_LEVELS } from './context-level.ts';

const Count = z.int().nonnegative();

/** What an agent was told about its workspace before its task. */
export const ContextIncluded = z.object({
  level: z.enum(CONTEXT_LEVELS),
  characters: Count,
  /** Entries in the list, and in the workspace as far as it was listed. */
  files: z.object({ listed: Count, total: Count }),
  contents: z.array(z.object({ path: z.string(), characters: Count, whole: z.boolean() })),
  commits: Count,
  /** Places that were left out because they look like secrets: whole files, and lines by the rule's name. */
  secrets: z.array(z.object({ path: z.string(), rule: z.string() })),
});
export type ContextIncluded = z.infer<typeof ContextIncluded>;
