import type { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';

/** Reads what a run has used from the lines of the agent's standard output. It takes anything, and never throws. */
export interface UsageReader {
  /** One line, without its newline. */
  line(text: string): void;
  /** What is known by now; nothing where the CLI has said nothing of it. */
  read(): AgentUsage | undefined;
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
  return Object.entries(counts).sort(([, one], [, other]) => other - one)[0]?.[0];
}
