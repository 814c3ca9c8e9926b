import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { byModel, nameOfMost, parseJsonLine, type UsageReader } from './usage-reader.ts';

const Count = z.int().nonnegative().catch(0);

/** Input beside what came from the cache, or went into it. */
const Tokens = z.object({
  input_tokens: Count,
  cache_read_input_tokens: Count,
  cache_creation_input_tokens: Count,
  output_tokens: Count,
});

const Answer = z.object({ type: z.literal('usage'), usage: Tokens });

/** The last line, `error` where the run failed. Its cost is there only where the provider stated all of it. */
const End = z.object({
  type: z.enum(['end', 'error']),
  usage: Tokens,
  num_turns: z.int().nonnegative().optional().catch(undefined),
  total_cost_usd: z.number().nonnegative().optional().catch(undefined),
  modelUsage: byModel(z.object({ inputTokens: Count, outputTokens: Count })).catch({}),
});

const Event = z.discriminatedUnion('type', [Answer, End]);

/** Reads Grok Build's `streaming-json`. Where it was ended before its last line, the answers so far are counted. */
export function grokUsage(): UsageReader {
  let soFar: AgentUsage | undefined;
  let end: AgentUsage | undefined;
  return {
    line: (text) => {
      const event = parseJsonLine(Event, text);
      if (event?.type === 'usage') soFar = plus(soFar, ofTokens(event.usage));
      else if (event) end = ofEnd(event);
    },
    read: () => end ?? soFar,
  };
}

function ofTokens(tokens: z.infer<typeof Tokens>) {
  const cachedInputTokens = tokens.cache_read_input_tokens;
  return {
    inputTokens: tokens.input_tokens + cachedInputTokens + tokens.cache_creation_input_tokens,
    cachedInputTokens,
    outputTokens: tokens.output_tokens,
  };
}

function plus(sum: AgentUsage | undefined, more: ReturnType<typeof ofTokens>): AgentUsage {
  return {
    inputTokens: (sum?.inputTokens ?? 0) + more.inputTokens,
    cachedInputTokens: (sum?.cachedInputTokens ?? 0) + more.cachedInputTokens,
    outputTokens: (sum?.outputTokens ?? 0) + more.outputTokens,
    turns: (sum?.turns ?? 0) + 1,
  };
}

function ofEnd({ usage, num_turns, total_cost_usd, modelUsage }: z.infer<typeof End>): AgentUsage {
  const counts = Object.entries(modelUsage).map(([name, one]) => [name, one.inputTokens + one.outputTokens] as const);
  const model = nameOfMost(Object.fromEntries(counts));
  return {
    ...ofTokens(usage),
    ...(num_turns === undefined ? {} : { turns: num_turns }),
    ...(total_cost_usd === undefined ? {} : { costUsd: total_cost_usd }),
    ...(model === undefined ? {} : { model }),
  };
}
