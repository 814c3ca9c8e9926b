import { z } from 'zod';

const Count = z.int().nonnegative();

/** What an agent's run used, as its own CLI reports it: what a CLI does not say is absent. */
export const AgentUsage = z.object({
  /** Tokens of all prompts, those from a cache included. */
  inputTokens: Count,
  outputTokens: Count,
  /** The part of `inputTokens` that came from a cache. */
  cachedInputTokens: Count.optional(),
  /** US dollars, by the CLI's own price list. */
  costUsd: z.number().nonnegative().optional(),
  /** Answers of the model. */
  turns: Count.optional(),
  /** The model that the CLI says it used; the one with most tokens where it names several. */
  model: z.string().optional(),
});
export type AgentUsage = z.infer<typeof AgentUsage>;
