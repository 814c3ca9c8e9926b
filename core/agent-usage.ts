import { z } from 'zod';

const Count = z.int().nonnegative();

/** Far beyond any run: DynamoDB refuses numbers that JSON and JavaScript take. */
const MAX_COST_USD = 1_000_000;

/** Characters of a model's name at the most. */
const MAX_MODEL_LENGTH = 256;

const Cost = z.number().min(0).max(MAX_COST_USD).overwrite(inMillionths);
const Model = z
  .string()
  .min(1)
  .max(MAX_MODEL_LENGTH)
  .regex(/^[ -~]*$/);

/** What an agent's run used, as its own CLI reports it: what a CLI does not say is absent. */
export const AgentUsage = z.object({
  inputTokens: Count.describe('Tokens of all prompts, those from a cache included'),
  outputTokens: Count.describe('Tokens of all answers'),
  cachedInputTokens: Count.optional().describe('The part of `inputTokens` that came from a cache'),
  costUsd: Cost.optional().describe("US dollars, by the CLI's own price list"),
  turns: Count.optional().describe('Answers of the model'),
  model: Model.optional().describe('The model that was used; the one with most tokens of several'),
});
export type AgentUsage = z.infer<typeof AgentUsage>;

/** The agent can have its CLI say anything: a cost or a name that no record takes is absent as well. */
export const ReportedUsage = AgentUsage.extend({
  costUsd: Cost.optional().catch(undefined),
  model: Model.optional().catch(undefined),
});

/** Sums of floating-point numbers have digits that mean nothing, and DynamoDB takes no number below 1e-130 but 0. */
function inMillionths(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
