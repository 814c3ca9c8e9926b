import { stripVTControlCharacters } from 'node:util';
import type { DeadLetter } from './dead-letter-queue.ts';
import type { Refusal } from './send-back.ts';

/** Characters of an event that are shown. */
const BODY_CHARACTERS = 200;
/** The ids of dispatches and slots, wherever an event has them. */
const ULIDS = /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g;

/** Its id, when it came to lie here, why, and what the event is about and begins with: three lines. */
export function letterText(letter: DeadLetter): string {
  const { messageId, sentAt, body } = letter;
  const about = [...new Set(body.match(ULIDS))].map((id) => `${id}  `).join('');
  const event = oneLine(body.slice(0, BODY_CHARACTERS));
  return `${messageId}  ${sentAt.toISOString()}\n  ${oneLine(whyText(letter))}\n  ${about}${event}`;
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
