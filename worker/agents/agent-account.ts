import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { parseJsonLine, type UsageReader } from './usage-reader.ts';

/** Characters of its last words at the most: the whole of them is in the log. */
const MAX_LENGTH = 500;

const Message = z.object({ message: z.string() });

/** How the CLIs tell in their events that a run has failed, as the message alone. */
const Failure = z.union([
  // Codex, Grok Build
  Message.extend({ type: z.literal('error') }).transform(({ message }) => message),
  // Codex, Gemini CLI
  z.object({ type: z.enum(['turn.failed', 'result']), error: Message }).transform(({ error }) => error.message),
  // Claude Code
  z
    .object({ type: z.literal('result'), is_error: z.literal(true), result: z.string() })
    .transform(({ result }) => result),
]);
const MAY_BE_FAILURE = /"type":\s*"(?:error|turn\.failed|result)"/;

/** What an agent says of its run in the lines that it prints. It takes anything, and never throws. */
export class AgentAccount {
  private failure: string | undefined;
  private errorLine: string | undefined;

  /** @param reader missing where the agent has no CLI that says what it uses */
  constructor(private readonly reader: UsageReader | undefined) {}

  /** One line, without its newline. */
  line(text: string, from: 'stdout' | 'stderr'): void {
    if (from === 'stderr') {
      if (/\p{L}/u.test(text)) this.errorLine = text;
      return;
    }
    this.reader?.line(text);
    if (MAY_BE_FAILURE.test(text)) this.failure = parseJsonLine(Failure, text) ?? this.failure;
  }

  /** What is known by now of what the run has used. */
  usage(): AgentUsage | undefined {
    return this.reader?.read();
  }

  /**
   * Why the run has failed, on one line: what its last event of a failure says, or else its last line of errors. Nothing
   * of a shell, whose commands may print anything last.
   */
  lastWords(): string | undefined {
    if (this.reader === undefined) return undefined;
    return oneLine(this.failure ?? '') || oneLine(this.errorLine ?? '') || undefined;
  }
}

function oneLine(words: string): string {
  const line = stripVTControlCharacters(words.slice(0, 4 * MAX_LENGTH))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1).replace(/\p{Surrogate}$/u, '')}…`;
}
