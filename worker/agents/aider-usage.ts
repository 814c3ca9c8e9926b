import type { AgentUsage } from '../../core/agent-usage.ts';
import type { UsageReader } from './usage-reader.ts';

/** Characters of a line that can be a report at the most: what the agent prints must not cost the worker's time. */
const MAX_REPORT_LENGTH = 500;

const MODEL = /^(?:Main model|Model): (\S+) with /;
const REPORT = /^Tokens: (.+) received\.(?: Cost: \$[\d.,]+ message, \$([\d.,]+) session\.)?/;
// Each row of digits is looked at from its beginning alone, and no further than a count goes.
const PART = /(?<![\d.,])([\d.,]{1,20})(k?) (sent|cache write|cache hit)/g;
const RECEIVED = /(?<![\d.,])([\d.,]{1,20})(k?)$/;

/** Reads the line that Aider prints after each answer: thousands are rounded, and the cost is there for models it has prices of. */
export function aiderUsage(): UsageReader {
  let model: string | undefined;
  let usage: AgentUsage | undefined;
  return {
    line: (text) => {
      if (text.length > MAX_REPORT_LENGTH) return;
      model ??= MODEL.exec(text)?.[1];
      const [, counts, cost] = REPORT.exec(text) ?? [];
      if (counts === undefined) return;
      const parts = Object.fromEntries(
        [...counts.matchAll(PART)].map(([, count, k, name]) => [name, tokens(count, k)]),
      );
      const [, received, thousands] = RECEIVED.exec(counts) ?? [];
      const cached = parts['cache hit'];
      usage = {
        ...usage,
        inputTokens: (usage?.inputTokens ?? 0) + (parts['sent'] ?? 0),
        outputTokens: (usage?.outputTokens ?? 0) + tokens(received, thousands),
        ...(cached === undefined ? {} : { cachedInputTokens: (usage?.cachedInputTokens ?? 0) + cached }),
        // It is the sum of all answers by itself.
        ...(cost === undefined ? {} : { costUsd: number(cost) }),
        turns: (usage?.turns ?? 0) + 1,
      };
    },
    read: () => usage && (model === undefined ? usage : { ...usage, model }),
  };
}

function tokens(count: string | undefined, thousands: string | undefined): number {
  return Math.round(number(count ?? '0') * (thousands === 'k' ? 1000 : 1));
}

function number(text: string): number {
  const value = Number(text.replaceAll(',', ''));
  return Number.isFinite(value) ? value : 0;
}
