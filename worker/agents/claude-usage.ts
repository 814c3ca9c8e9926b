import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { nameOfMost, parseJsonLine, type UsageReader } from './usage-reader.ts';

const Count = z.int().nonnegative().catch(0);

const Init = z.object({ type: z.literal('system'), subtype: z.literal('init'), model: z.string() });

/** A message of the model: one line for each of its parts, all with the message's own id. */
const Assistant = z.object({
  type: z.literal('assistant'),
  message: z.object({
    id: z.string(),
    usage: z.object({
      input_tokens: Count,
      cache_read_input_tokens: Count,
      cache_creation_input_tokens: Count,
      output_tokens: Count,
    }),
  }),
});

/** The last line. `modelUsage` counts the whole session, sub-agents and side calls included. */
const Result = z.object({
  type: z.literal('result'),
  num_turns: z.int().nonnegative().optional().catch(undefined),
  total_cost_usd: z.number().nonnegative().optional().catch(undefined),
  modelUsage: z.record(
    z.string(),
    z.object({
      inputTokens: Count,
      outputTokens: Count,
      cacheReadInputTokens: Count,
      cacheCreationInputTokens: Count,
    }),
  ),
});
type Result = z.infer<typeof Result>;
type Tokens = Pick<AgentUsage, 'inputTokens' | 'outputTokens'> & { readonly cachedInputTokens: number };

/** Reads Claude Code's stream. Where it was ended before its last line, what its messages say is counted. */
export function claudeUsage(): UsageReader {
  let model: string | undefined;
  let result: Result | undefined;
  const messages = new Map<string, Tokens>();
  return {
    line: (text) => {
      result = parseJsonLine(Result, text) ?? result;
      model = parseJsonLine(Init, text)?.model ?? model;
      const message = parseJsonLine(Assistant, text)?.message;
      if (message) messages.set(message.id, ofMessage(message.usage));
    },
    read: () => {
      const known = result ? ofResult(result) : ofMessages([...messages.values()]);
      return known && { ...(model === undefined ? {} : { model }), ...known };
    },
  };
}

function ofMessage(usage: z.infer<typeof Assistant>['message']['usage']): Tokens {
  const cachedInputTokens = usage.cache_read_input_tokens;
  return {
    inputTokens: usage.input_tokens + cachedInputTokens + usage.cache_creation_input_tokens,
    cachedInputTokens,
    outputTokens: usage.output_tokens,
  };
}

function ofMessages(messages: readonly Tokens[]): AgentUsage | undefined {
  return messages.length === 0 ? undefined : { ...sum(messages), turns: messages.length };
}

function ofResult({ modelUsage, num_turns, total_cost_usd }: Result): AgentUsage {
  const models = Object.entries(modelUsage).map(([name, usage]) => {
    const cachedInputTokens = usage.cacheReadInputTokens;
    const inputTokens = usage.inputTokens + cachedInputTokens + usage.cacheCreationInputTokens;
    return { name, inputTokens, cachedInputTokens, outputTokens: usage.outputTokens };
  });
  const model = nameOfMost(Object.fromEntries(models.map((one) => [one.name, one.inputTokens + one.outputTokens])));
  return {
    ...sum(models),
    ...(total_cost_usd === undefined ? {} : { costUsd: total_cost_usd }),
    ...(num_turns === undefined ? {} : { turns: num_turns }),
    ...(model === undefined ? {} : { model }),
  };
}

function sum(parts: readonly Tokens[]): Tokens {
  const total = (key: keyof Tokens) => parts.reduce((all, part) => all + part[key], 0);
  return {
    inputTokens: total('inputTokens'),
    cachedInputTokens: total('cachedInputTokens'),
    outputTokens: total('outputTokens'),
  };
}
