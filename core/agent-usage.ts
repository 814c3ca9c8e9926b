import { z } from 'zod';

const Count = z.int().nonnegative();

/** What an agent's run used, as its own CLI reports it: what a CLI does not say is absent. */
export const AgentUsage = z.object({
  inputTokens: Count.describe('Tokens of all prompts, those from a cache included'),
  outputTokens: Count.describe('Tokens of all answers'),
  cachedInputTokens: Count.optional().describe('The part of `inputTokens` that came from a cache'),
  costUsd: z.number().nonnegative().optional().describe("US dollars, by the CLI's own price list"),
  turns: Count.optional().describe('Answers of the model'),
  model: z.string().optional().describe('The model that was used; the one with most tokens of several'),
});
export type AgentUsage = z.infer<typeof AgentUsage>;
