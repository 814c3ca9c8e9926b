import { stripVTControlCharacters } from 'node:util';
import type { DeadLetter } from './dead-letter-queue.ts';
import type { Refusal } from './send-back.ts';

/** Characters of an event that are shown. */
const BODY_CHARACTERS = 200;

/** When it came to lie here and why, and how the event begins: two lines. */
export function letterText(letter: DeadLetter): string {
  return `${letter.sentAt.toISOString()}  ${oneLine(whyText(letter))}\n  ${oneLine(letter.body.slice(0, BODY_CHARACTERS))}`;
}

/** Of an error that Lambda puts there the function itself is the cause; one that EventBridge puts there has kept it from being called. */
function whyText({ attributes }: DeadLetter): string {
  const { ErrorMessage, ERROR_CODE, ERROR_MESSAGE, RULE_ARN } = attributes;
  if (ERROR_CODE !== undefined) {
    const rule = RULE_ARN?.split('/').at(-1);
    return `not handed over by ${rule ?? 'a rule'}: ${[ERROR_CODE, ERROR_MESSAGE].filter(Boolean).join(', ')}`;
  }
  return ErrorMessage === undefined ? 'without a word about why' : `failed: ${ErrorMessage}`;
}

export function refusalText({ letter, error }: Refusal): string {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${letter.messageId}  ${oneLine(why)}`;
}

export function eventCount(count: number): string {
  return count === 1 ? '1 event' : `${count} events`;
}

function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ');
}
