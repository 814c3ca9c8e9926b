import { z } from 'zod';

/** A sentence of what happened and, where it is known, what somebody else says of it. */
export function withDetail(what: string, detail: string | undefined): string {
  return detail ? `${what}: ${asSentence(detail)}` : `${what}.`;
}

/** Words of whatever origin, with an end. */
export function asSentence(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** Characters of words that become part of a record or an event at the most. */
const MAX_WORDS = 2_000;

/** Words of whatever length, cut where they are too long for a record or an event. */
export function shortened(words: string, most = MAX_WORDS): string {
  return words.length <= most ? words : `${words.slice(0, most - 1).replace(/\p{Surrogate}$/u, '')}…`;
}

const FunctionError = z.object({ errorMessage: z.string() });

/** Error and cause of an execution or a state, as a reader is told them; empty where there is neither. */
export function wordsOfError(error: string | null | undefined, cause: string | null | undefined): string {
  return [error, wordsOfCause(cause ?? '')].filter(Boolean).join(': ');
}

/**
 * What the cause of an execution's or a state's error says to a reader. That of a Lambda function is JSON with a stack
 * trace: of it the message is told alone.
 */
export function wordsOfCause(cause: string): string {
  if (!cause.startsWith('{')) return cause;
  try {
    const { success, data } = FunctionError.safeParse(JSON.parse(cause));
    return success ? data.errorMessage : cause;
  } catch {
    return cause;
  }
}
