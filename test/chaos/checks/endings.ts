import { isDeepStrictEqual } from 'node:util';
import { isTerminal } from '../../../core/dispatch-status.ts';
import { DETAIL_TYPES } from '../../../core/events.ts';
import { attemptName } from '../../../core/ids.ts';
import { type Evidence, endedAttempts } from '../evidence/evidence.ts';
import type { PublishedEvent } from '../evidence/journals.ts';
import { terminalWrites } from '../evidence/writes.ts';
import { groupedBy } from '../grouped.ts';
import type { Violation } from './violation.ts';

/** Every dispatch is terminal; every attempt ended once; every end was told, and always in the same words. */
export function checkEndings(evidence: Evidence): Violation[] {
  const ends = eventsByAttempt(evidence);
  return [...living(evidence), ...endedTwice(evidence), ...untold(evidence, ends), ...toldOtherwise(evidence, ends)];
}

function living({ records }: Evidence): Violation[] {
  return records
    .filter(({ status }) => !isTerminal(status))
    .map(({ dispatchId: id, attempt, status }) => ({
      rule: 'every dispatch is terminal',
      what: `attempt ${attempt} is ${status}`,
      id,
    }));
}

function endedTwice(evidence: Evidence): Violation[] {
  const byAttempt = groupedBy(terminalWrites(evidence), ({ attempt }) => attempt);
  return [...byAttempt].flatMap(([attempt, writes]) => {
    if (writes.length === 1) return [];
    const what = `${attempt} was ended ${writes.length} times: ${writes.map(({ status, who }) => `${status} by ${who}`).join(', ')}`;
    return [{ rule: 'every attempt ended once', what, id: dispatchOf(attempt) }];
  });
}

function untold(evidence: Evidence, ends: ReadonlyMap<string, readonly PublishedEvent[]>): Violation[] {
  const rule = "every terminal attempt has its 'Dispatch Ended'";
  const missing = endedAttempts(evidence)
    .filter((ref) => !ends.has(attemptName(ref)))
    .map((ref) => ({ rule, what: `none is out for ${attemptName(ref)}`, id: ref.dispatchId }));
  const unnoted = evidence.records
    .filter(({ status, publishedAt, unpublished }) => isTerminal(status) && (!publishedAt || unpublished))
    .map(({ dispatchId: id }) => ({ rule, what: 'the record does not say that it is out', id }));
  return [...missing, ...unnoted];
}

function toldOtherwise(evidence: Evidence, ends: ReadonlyMap<string, readonly PublishedEvent[]>): Violation[] {
  const rule = 'every end is told in the same words';
  const records = new Map(evidence.records.map((record) => [attemptName(record), record]));
  const ended = new Set(endedAttempts(evidence).map(attemptName));
  return [...ends].flatMap(([attempt, [first, ...others]]) => {
    const id = dispatchOf(attempt);
    if (!ended.has(attempt)) return [{ rule, what: `${attempt} was told to have ended, and has not`, id }];
    const different = others.find(({ detail }) => !isDeepStrictEqual(detail, first?.detail));
    const words = (event?: PublishedEvent) => JSON.stringify(event?.detail);
    if (different) return [{ rule, what: `${attempt}: ${words(first)} and then ${words(different)}`, id }];
    const record = records.get(attempt);
    const same =
      !record ||
      (['status', 'exitCode', 'reason', 'endedAt'] as const).every((name) => first?.detail[name] === record[name]);
    return same ? [] : [{ rule, what: `${attempt}: ${words(first)}, but its record is ${JSON.stringify(record)}`, id }];
  });
}

function eventsByAttempt({ events }: Evidence): Map<string, PublishedEvent[]> {
  const ends = events.filter(({ detailType }) => detailType === DETAIL_TYPES.ended);
  return groupedBy(ends, ({ detail: { dispatchId = '', attempt = 0 } }) => attemptName({ dispatchId, attempt }));
}

function dispatchOf(attempt: string): string {
  return attempt.replace(/-\d+$/, '');
}
