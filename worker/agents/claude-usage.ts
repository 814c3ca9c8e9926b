import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { byModel, nameOfMost, parseJsonLine, type UsageReader } from './usage-reader.ts';

const Count = z.int().nonnegative().catch(0);

const Init = z.object({ type: z.literal('system'), subtype: z.literal('init'), model: z.string() });

/** A message of the model: one line for each of its parts, all with the message's own id. */
const Assistant = z.object({
  type: z.literal('assistant'),
  message: z.object({
    id: z.string().max(200),
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
  modelUsage: byModel(
    z.object({
      inputTokens: Count,
      outputTokens: Count,
      cacheReadInputTokens: Count,
      cacheCreationInputTokens: Count,
    }),
  ),
});
type Result = z.infer<typeof Result>;

const Event = z.discriminatedUnion('type', [Init, Assistant, Result]);

type Tokens = Pick<AgentUsage, 'inputTokens' | 'outputTokens'> & { readonly cachedInputTokens: number };

/** Messages whose further parts may still come: sub-agents that work at the same time have theirs in between. */
const MAX_OPEN_MESSAGES = 1_000;

/** Reads Claude Code's stream. Where it was ended before its last line, what its messages say is counted. */
export function claudeUsage(): UsageReader {
  let model: string | undefined;
  let result: AgentUsage | undefined;
  const messages = new Messages();
  return {
    line: (text) => {
      const event = parseJsonLine(Event, text);
      if (event?.type === 'result') result = ofResult(event);
      if (event?.type === 'system') model = event.model;
      if (event?.type === 'assistant') messages.add(event.message);
    },
    read: () => {
      const known = result ?? messages.usage();
      return known && { ...(model === undefined ? {} : { model }), ...known };
    },
  };
}

type Message = z.infer<typeof Assistant>['message'];

/** The sum of all messages, by what the last part of each says, in a memory that does not grow with them. */
class Messages {
  private readonly open = new Map<string, Tokens>();
  private closed: Tokens = sum([]);
  private turns = 0;

  add({ id, usage }: Message): void {
    if (!this.open.delete(id)) this.turns += 1;
    this.open.set(id, ofMessage(usage));
    const [oldest] = this.open;
    if (oldest === undefined || this.open.size <= MAX_OPEN_MESSAGES) return;
    this.open.delete(oldest[0]);
    this.closed = sum([this.closed, oldest[1]]);
  }

  usage(): AgentUsage | undefined {
    return this.turns === 0 ? undefined : { ...sum([this.closed, ...this.open.values()]), turns: this.turns };
  }
}

function ofMessage(usage: Message['usage']): Tokens {
  const cachedInputTokens = usage.cache_read_input_tokens;
  return {
    inputTokens: usage.input_tokens + cachedInputTokens + usage.cache_creation_input_tokens,
    cachedInputTokens,
    outputTokens: usage.output_tokens,
  };
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
