import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { parseJsonLine, type UsageReader } from './usage-reader.ts';

const Count = z.int().nonnegative().catch(0);

/** The end of Codex's turn, which takes as many answers of the model as it needs: it says neither how many, nor the model. */
const TurnCompleted = z.object({
  type: z.literal('turn.completed'),
  usage: z.object({ input_tokens: Count, cached_input_tokens: Count, output_tokens: Count }),
});

/** Reads the events of `codex exec --json`. */
export function codexUsage(): UsageReader {
  let usage: AgentUsage | undefined;
  return {
    line: (text) => {
      const turn = parseJsonLine(TurnCompleted, text)?.usage;
      if (turn === undefined) return;
      usage = {
        inputTokens: (usage?.inputTokens ?? 0) + turn.input_tokens,
        cachedInputTokens: (usage?.cachedInputTokens ?? 0) + turn.cached_input_tokens,
        outputTokens: (usage?.outputTokens ?? 0) + turn.output_tokens,
      };
    },
    read: () => usage,
  };
}
