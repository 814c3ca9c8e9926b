import { idsIn } from '../../local/faults/ids.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { JournalLine } from './evidence/journals.ts';

interface Moment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Among those of the same millisecond. */
  readonly order: number;
  readonly who: string;
  readonly what: string;
}

const WIDTH = 400;

/** All that is known of a dispatch or slot in the order in which it happened, a line each: events, writes, calls, faults. */
export function timelineOf(evidence: Evidence, id: string): string[] {
  const ids = new Set([id, ...slotsOf(evidence, id)]);
  const concerns = (line: { readonly ids: readonly string[] }) => line.ids.some((one) => ids.has(one));
  const moments = [
    ...evidence.calls.filter((line) => concerns(line) && !isIdleLook(line)).map((line) => ofJournal(line, false)),
    ...evidence.faults.filter(concerns).map((line) => ofJournal(line, true)),
    ...evidence.restarts.map(({ at, what }) => ({ at, order: 0, who: 'everything', what })),
    ...ofEvents(evidence, ids),
    ...ofClients(evidence, id),
    ...ofAgents(evidence, id),
  ];
  return moments
    .sort((one, other) => one.at - other.at || one.order - other.order)
    .map(
      ({ at, who, what }) => `${new Date(at).toISOString().slice(11, 23)}  ${who.padEnd(34)} ${what.slice(0, WIDTH)}`,
    );
}

/** A waiting worker looks at its slot four times a second. */
function isIdleLook(line: JournalLine): boolean {
  return line['call'] === 'dynamodb.GetItem' && line['TableName'] === 'outpost-pool' && line['outcome'] === 'ok';
}

function slotsOf({ slots, records }: Evidence, id: string): string[] {
  const claimed = slots.filter(({ claimedBy }) => claimedBy?.startsWith(id)).map(({ slotId }) => slotId);
  const named = records.filter(({ dispatchId }) => dispatchId === id).flatMap(({ slotId }) => slotId ?? []);
  return [...claimed, ...named];
}

/** The members that stand elsewhere in the line, or that the reader has no use for. */
const LEFT_OUT = new Set([
  'time',
  'boot',
  'number',
  'ids',
  'who',
  'call',
  'function',
  'event',
  'caller',
  'point',
  'fault',
]);

function ofJournal(line: JournalLine, isFault: boolean): Moment {
  const at = Date.parse(line.time);
  const more = Object.entries(line)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  const subject = line['call'] ?? line['function'] ?? line['event'] ?? line['executionArn'] ?? line['taskArn'] ?? '';
  if (isFault)
    return { at, order: line.number, who: 'FAULT', what: `${line['fault']} of ${line['point']} ${subject} ${more}` };
  const kind = line['function'] ? 'invoked' : line['event'] ? 'AWS event' : String(line['who']);
  return { at, order: line.number, who: kind.replace(/^outpost-/, ''), what: `${subject} ${more}` };
}

function ofEvents({ events }: Evidence, ids: ReadonlySet<string>): Moment[] {
  return events
    .filter(({ detail }) => idsIn(JSON.stringify(detail)).some((id) => ids.has(id)))
    .map(({ at, detailType, detail }) => ({
      at,
      order: 0,
      who: 'Outpost event',
      what: `${detailType} ${JSON.stringify(detail)}`,
    }));
}

function ofClients({ requests }: Evidence, id: string): Moment[] {
  return requests
    .filter(({ path, shown }) => path.includes(id) || shown?.dispatchId === id)
    .filter(({ method }) => method !== 'GET')
    .map(({ answeredAt: at, tenantId, method, path, key, status, code, shown, at: asked }) => ({
      at,
      order: 0,
      who: `client of ${tenantId}`,
      what: `${method} ${path}${key ? ` (key ${key})` : ''} after ${at - asked} ms: ${status || 'no answer'} ${code ?? ''}${shown ? `attempt ${shown.attempt} ${shown.status}` : ''}`,
    }));
}

function ofAgents({ diary }: Evidence, id: string): Moment[] {
  return diary
    .filter(({ attempt }) => attempt.startsWith(id))
    .map(({ at, what, attempt, pid }) => ({ at, order: 0, who: `agent ${pid}`, what: `${what} ${attempt}` }));
}
