import { DETAIL_TYPES } from '../../../core/events.ts';
import { attemptName } from '../../../core/ids.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { timesOf } from '../evidence/writes.ts';
import type { Violation } from './violation.ts';

/** Functions that decide what an attempt came to: one that had begun by then need not know of the cancel. */
const DECIDING = /-(map-stop-reason|settle|collect-output|record-outcome)$/;

/** A cancel that was acknowledged is how the attempt ended, unless its agent was done or the end was decided before. */
export function checkCancels(evidence: Evidence): Violation[] {
  const ends = new Map(
    evidence.events
      .filter(({ detailType }) => detailType === DETAIL_TYPES.ended)
      .map(({ detail }) => [
        attemptName({ dispatchId: detail.dispatchId ?? '', attempt: detail.attempt ?? 0 }),
        detail,
      ]),
  );
  const cancels = evidence.requests.filter(({ method, status }) => method === 'DELETE' && [200, 202].includes(status));
  return cancels.flatMap(({ shown, answeredAt }) => {
    if (!shown) return [];
    const name = attemptName(shown);
    const end = ends.get(name);
    if (!end || end['status'] === 'CANCELLED') return [];
    const done = evidence.diary.some(({ what, attempt }) => what === 'done' && attempt === name);
    if (end['status'] === 'SUCCESS' && done) return [];
    if (decidedBefore(evidence, shown.dispatchId, answeredAt)) return [];
    const what = `${name} was to be cancelled, and ended as ${end['status']}: ${end['reason']}`;
    return [{ rule: 'a cancel that was acknowledged holds', what, id: shown.dispatchId }];
  });
}

function decidedBefore({ calls }: Evidence, dispatchId: string, at: number): boolean {
  return calls.some(
    (line) => line.ids.includes(dispatchId) && DECIDING.test(String(line['function'])) && timesOf(line).begun <= at,
  );
}
