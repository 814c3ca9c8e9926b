import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { byModel, nameOfMost, parseJsonLine, type UsageReader } from './usage-reader.ts';

const Count = z.int().nonnegative().catch(0);

/** The last line, of success as of failure; its `input_tokens` hold the cached ones. */
const Result = z.object({
  type: z.literal('result'),
  stats: z.object({
    input_tokens: Count,
    output_tokens: Count,
    cached: Count,
    models: byModel(z.object({ total_tokens: Count })).catch({}),
  }),
});

/** Reads Gemini CLI's stream. It says neither what it cost, nor how often the model answered. */
export function geminiUsage(): UsageReader {
  let usage: AgentUsage | undefined;
  return {
    line: (text) => {
      const stats = parseJsonLine(Result, text)?.stats;
      if (stats === undefined) return;
      const tokens = Object.entries(stats.models).map(([name, { total_tokens }]) => [name, total_tokens] as const);
      const model = nameOfMost(Object.fromEntries(tokens));
      usage = {
        inputTokens: stats.input_tokens,
        cachedInputTokens: stats.cached,
        outputTokens: stats.output_tokens,
        ...(model === undefined ? {} : { model }),
      };
    },
    read: () => usage,
  };
}
