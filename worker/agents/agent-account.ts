import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import type { AgentUsage } from '../../core/agent-usage.ts';
import { shortened } from '../../core/wording.ts';
import { UNSEEN } from '../context/shown-text.ts';
import { parseJsonLine, type UsageReader } from './usage-reader.ts';

/** Characters of its last words at the most: the whole of them is in the log. */
const MAX_LENGTH = 500;

/** Characters of a line that is looked at: whoever prints more in one has not failed by it. */
const MAX_LINE = 64 * 1024;

const Message = z.object({ message: z.string() });

/** How the CLIs tell in their events that a run has failed, as the message alone; empty where one tells that it has not. */
const Verdict = z.union([
  // Codex, Grok Build; Gemini CLI, which warns by it as well
  Message.extend({ type: z.literal('error'), severity: z.literal('error').optional() }).transform(messageOf),
  // Codex, Gemini CLI
  z.object({ type: z.enum(['turn.failed', 'result']), error: Message }).transform(({ error }) => messageOf(error)),
  // Claude Code
  z
    .object({ type: z.literal('result'), is_error: z.literal(true), result: z.string() })
    .transform(({ result }) => result),
  z
    .object({ type: z.literal('result'), is_error: z.literal(true), errors: z.array(z.string()) })
    .transform(({ errors }) => errors.join('; ')),
  z.object({ type: z.enum(['turn.completed', 'result', 'end']) }).transform(() => ''),
]);
const MAY_BE_VERDICT = /"type":\s*"(?:error|turn\.failed|turn\.completed|result|end)"/;

/** What comes behind the error itself: a stack, and what Node and Rust say last of all. */
const AFTERWORDS = /^\s|^Node\.js v|^note: run with /;

/** What the CLI of an agent says of its run in the lines that it prints. It takes anything, and never throws. */
export class AgentAccount {
  private failure = '';
  private errorLine = '';

  constructor(private readonly reader: UsageReader) {}

  /** One line, without its newline. */
  line(text: string, from: 'stdout' | 'stderr'): void {
    if (from === 'stdout') this.reader.line(text);
    if (text.length > MAX_LINE) return;
    if (from === 'stderr') this.errorLine = isOfAnError(text) ? text : this.errorLine;
    else if (MAY_BE_VERDICT.test(text)) this.failure = parseJsonLine(Verdict, text) ?? this.failure;
  }

  /** What is known by now of what the run has used. */
  usage(): AgentUsage | undefined {
    return this.reader.read();
  }

  /**
   * Why the run has failed, on one short line: what its last event of a failure says, or else its last line on standard
   * error. Nothing where it has not said a word.
   *
   * @param redact takes secrets out of what it says: JSON can write them in ways in which no stream would show them
   */
  lastWords(redact: (text: string) => string): string | undefined {
    const words = oneLine(redact(this.failure)) || oneLine(redact(this.errorLine));
    // Once more: what stood in the middle of a secret may be gone by now.
    return shortened(redact(words), MAX_LENGTH) || undefined;
  }
}

function messageOf({ message }: z.infer<typeof Message>): string {
  return message;
}

function isOfAnError(line: string): boolean {
  const text = stripVTControlCharacters(line);
  return /\p{L}/u.test(text) && !AFTERWORDS.test(text);
}

function oneLine(words: string): string {
  return stripVTControlCharacters(words).replace(/\s+/gu, ' ').replace(UNSEEN, '').trim();
}
