import { type DispatchStatus, isTerminal } from '../../../core/dispatch-status.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { groupedBy } from '../grouped.ts';
import type { ClientRequest } from '../load/client.ts';
import type { Violation } from './violation.ts';

/** What was acknowledged is there, once for each key; and nobody saw a dispatch go back. */
export function checkRequests(evidence: Evidence): Violation[] {
  return [...acknowledged(evidence), ...sameKey(evidence), ...attemptsAskedFor(evidence), ...goingBack(evidence)];
}

function acknowledged({ requests, records }: Evidence): Violation[] {
  const rule = 'every acknowledged request is there';
  const known = new Map(records.map((record) => [record.dispatchId, record]));
  return requests
    .filter(({ method, status }) => method === 'POST' && status === 202)
    .flatMap(({ shown, tenantId, path }) => {
      const record = known.get(shown?.dispatchId ?? '');
      if (shown && record && record.tenantId === tenantId && record.attempt >= shown.attempt) return [];
      const what = `${tenantId} was promised ${path === '/dispatch' ? '' : 'a replay, '}attempt ${shown?.attempt}; there is ${record ? `attempt ${record.attempt} of ${record.tenantId}` : 'none'}`;
      return [{ rule, what, id: shown?.dispatchId }];
    });
}

function sameKey({ requests, records }: Evidence): Violation[] {
  const keyed = requests.filter(
    ({ key, path, method, status }) => key && path === '/dispatch' && method === 'POST' && status === 202,
  );
  const byKey = groupedBy(keyed, ({ key, tenantId }) => `${tenantId} ${key}`);
  const answered = [...byKey].flatMap(([key, group]) => {
    const ids = [...new Set(group.map(({ shown }) => shown?.dispatchId ?? ''))];
    return ids.length > 1
      ? [{ rule: 'one key, one dispatch', what: `${key} was answered with ${ids.join(' and ')}`, id: ids[0] }]
      : [];
  });
  const numbers = new Set(keyed.map(({ number }) => number));
  const byTask = groupedBy(records, ({ taskPreview }) => Number(/^# request (\d+)/.exec(taskPreview)?.[1]));
  const made = [...byTask].flatMap(([number, group]) =>
    numbers.has(number) && group.length > 1
      ? [
          {
            rule: 'one key, one dispatch',
            what: `request ${number} made ${group.length} dispatches`,
            id: group[0]?.dispatchId,
          },
        ]
      : [],
  );
  return [...answered, ...made];
}

/** Every attempt after the first was asked for by a key of its own. */
function attemptsAskedFor({ records }: Evidence): Violation[] {
  return records
    .filter(({ attempt, replayKeys }) => (replayKeys?.size ?? 0) !== attempt - 1)
    .map(({ dispatchId: id, attempt, replayKeys }) => ({
      rule: 'one replay, one attempt',
      what: `there are ${attempt} attempts and the keys ${[...(replayKeys ?? [])].join(', ') || 'none'}`,
      id,
    }));
}

function goingBack({ requests }: Evidence): Violation[] {
  const byDispatch = groupedBy(
    requests.filter(({ shown }) => shown),
    ({ shown }) => shown?.dispatchId,
  );
  return [...byDispatch].flatMap(([id, group]) => {
    const pair = group
      .toSorted((a, b) => a.answeredAt - b.answeredAt)
      .flatMap((first, index, all) => all.slice(index + 1).map((next) => [first, next] as const))
      .find(([first, next]) => next.at > first.answeredAt && isBefore(next, first));
    if (!pair) return [];
    const [before, after] = pair.map(({ shown }) => `attempt ${shown?.attempt} ${shown?.status}`);
    return [{ rule: 'statuses only go forward', what: `a client saw ${before}, and later ${after}`, id }];
  });
}

const RANK: Readonly<Record<string, number>> = { PENDING: 0, PROVISIONING: 1, RUNNING: 2, COMPLETING: 3 };

function isBefore({ shown: one }: ClientRequest, { shown: other }: ClientRequest): boolean {
  if (!one || !other) return false;
  if (one.attempt !== other.attempt) return one.attempt < other.attempt;
  const [status, otherStatus] = [one.status, other.status].map((wire) => wire.toUpperCase() as DispatchStatus);
  if (!status || !otherStatus || status === otherStatus) return false;
  return isTerminal(otherStatus) || (RANK[status] ?? 4) < (RANK[otherStatus] ?? 4);
}
