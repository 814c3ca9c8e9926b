import { DETAIL_TYPES } from '../../../core/events.ts';
import { attemptName } from '../../../core/ids.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Violation } from './violation.ts';

/** A cancel that was acknowledged is how the attempt ended, unless its agent was done and succeeded. */
export function checkCancels({ events, requests, diary }: Evidence): Violation[] {
  const ends = new Map(
    events
      .filter(({ detailType }) => detailType === DETAIL_TYPES.ended)
      .map(({ detail }) => [
        attemptName({ dispatchId: detail.dispatchId ?? '', attempt: detail.attempt ?? 0 }),
        detail,
      ]),
  );
  const done = new Set(diary.filter(({ what }) => what === 'done').map(({ attempt }) => attempt));
  const acknowledged = requests.filter(({ method, status }) => method === 'DELETE' && [200, 202].includes(status));
  return acknowledged.flatMap(({ shown }) => {
    if (!shown) return [];
    const name = attemptName(shown);
    const end = ends.get(name);
    const status = end?.['status'];
    if (!end || status === 'CANCELLED' || (status === 'SUCCESS' && done.has(name))) return [];
    const what = `${name} was to be cancelled, and ended as ${status}: ${end['reason']}`;
    return [{ rule: 'a cancel that was acknowledged holds', what, id: shown.dispatchId }];
  });
}
