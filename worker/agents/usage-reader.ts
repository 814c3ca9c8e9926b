import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';

/** Reads what a run has used from the lines of the agent's standard output. It takes anything, and never throws. */
export interface UsageReader {
  /** One line, without its newline. */
  line(text: string): void;
  /** What is known by now; nothing where the CLI has said nothing of it. */
  read(): AgentUsage | undefined;
}

/** Models that a CLI tells of at the most: no session asks so many. */
const MAX_MODELS = 100;

/** What a CLI says of each model, by its name. Of more than 100 nothing is taken: that would cost the worker's time. */
export function byModel<Counts extends z.ZodType>(counts: Counts) {
  const few = z.custom<object>((value) => {
    return typeof value === 'object' && value !== null && Object.keys(value).length <= MAX_MODELS;
  });
  return few.pipe(z.record(z.string(), counts));
}

/** The line as what the schema says, or nothing where it is not that. */
export function parseJsonLine<T>(schema: z.ZodType<T>, text: string): T | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    // Agents print what they like beside their events.
    return undefined;
  }
}

/** The name with the largest count. */
export function nameOfMost(counts: Readonly<Record<string, number>>): string | undefined {
  const most = Object.entries(counts).reduce<[string, number] | undefined>(
    (soFar, one) => (soFar === undefined || one[1] > soFar[1] ? one : soFar),
    undefined,
  );
  return most?.[0];
}
