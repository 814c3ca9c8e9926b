import type { Evidence } from '../evidence/evidence.ts';
import { attemptsMade, placeWrites, terminalWrites } from '../evidence/writes.ts';
import type { Violation } from './violation.ts';

/** When all is over nobody has a place; and until then, an attempt has its own for as long as it lives. */
export function checkPlaces(evidence: Evidence): Violation[] {
  const left = evidence.tenants.flatMap(({ tenantId, livingAttempts }) =>
    livingAttempts.map((member) => ({
      rule: "tenants' sets are empty",
      what: `${tenantId} still has ${member}`,
      id: member.replace(/-\d+$/, ''),
    })),
  );
  return [...left, ...withoutPlace(evidence)];
}

function withoutPlace(evidence: Evidence): Violation[] {
  const rule = 'a living attempt has its place';
  const places = placeWrites(evidence);
  const ends = new Map(terminalWrites(evidence).map((write) => [write.attempt, write]));
  return attemptsMade(evidence).flatMap(({ attempt, done, begun }) => {
    const own = places.filter(({ member }) => member === attempt);
    const id = attempt.replace(/-\d+$/, '');
    const taken = own.some((place) => place.what === 'taken' && place.begun <= done);
    if (!taken) return [{ rule, what: `${attempt} was made without one`, id }];
    const end = ends.get(attempt);
    const freed = own.find((place) => place.what === 'freed' && place.begun > begun && end && place.done < end.begun);
    return freed ? [{ rule, what: `${attempt} lost it to ${freed.who} before it had ended`, id }] : [];
  });
}
