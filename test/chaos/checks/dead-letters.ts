import { idsIn } from '../../../local/faults/ids.ts';
import type { DeadLetter } from '../evidence/dead-letters.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Violation } from './violation.ts';

/** What `NoPlaceLeft` says, and the letter with it: a tenant that stays at its limit is no fault. */
const AT_THE_LIMIT = 'was not replayed: its tenant has';

/** Nothing is given up unless the plan made it fail. */
export function checkDeadLetters(evidence: Evidence): Violation[] {
  return evidence.deadLetters
    .filter((letter) => !isExplained(evidence, letter))
    .map((letter) => ({
      rule: 'no dead letter without a fault',
      what: `${letter.queue}: ${JSON.stringify(letter.attributes)} ${letter.body.slice(0, 300)}`,
      id: idsIn(letter.body)[0],
    }));
}

function isExplained({ faults, calls }: Evidence, { queue, body, attributes }: DeadLetter): boolean {
  const said = JSON.stringify(attributes);
  if (said.includes(AT_THE_LIMIT)) return true;
  const functionName = queue.replace(/-dead-letters$/, '');
  const ids = idsIn(`${body} ${said}`);
  const concerns = (line: { readonly ids: readonly string[] }) =>
    ids.length === 0 || line.ids.some((id) => ids.includes(id));
  const ofFunction = (line: Readonly<Record<string, unknown>>) => JSON.stringify(line).includes(functionName);
  return (
    faults.some((line) => concerns(line) && ofFunction(line)) ||
    calls.some((line) => ids.length === 0 && ofFunction(line))
  );
}
