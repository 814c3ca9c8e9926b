import { TERMINAL_STATUSES, type TerminalStatus } from '../../../core/dispatch-status.ts';
import type { Evidence } from './evidence.ts';
import type { JournalLine } from './journals.ts';

/** A write that took effect, whether or not its writer heard of it; milliseconds since the epoch. */
export interface Write {
  readonly begun: number;
  readonly done: number;
  readonly who: string;
}

export interface TerminalWrite extends Write {
  /** `<dispatchId>-<attempt>`. */
  readonly attempt: string;
  readonly status: TerminalStatus;
}

const SETS_TERMINAL = new RegExp(`\\bstatus = (${TERMINAL_STATUSES.join('|')})\\b`);

/** Those writes that ended an attempt. */
export function terminalWrites({ calls }: Pick<Evidence, 'calls'>): TerminalWrite[] {
  return calls.filter(isWriteTo('dispatches')).flatMap((line) => {
    const update = String(line['update']);
    const status = SETS_TERMINAL.exec(update)?.[1] as TerminalStatus | undefined;
    const [, attempt] = /\boutcomeId = (\w+-\d+):/.exec(update) ?? [];
    return status && attempt ? [{ ...timesOf(line), attempt, status }] : [];
  });
}

export interface PlaceWrite extends Write {
  readonly what: 'taken' | 'freed';
  readonly member: string;
}

/** Those writes that gave a tenant's place to an attempt, or took it back. */
export function placeWrites({ calls }: Pick<Evidence, 'calls'>): PlaceWrite[] {
  return calls.filter(isWriteTo('tenants')).flatMap((line) => {
    const [, verb, members = '[]'] = /\b(ADD|DELETE) livingAttempts (\[.*?\])/.exec(String(line['update'])) ?? [];
    const what = verb === 'ADD' ? 'taken' : 'freed';
    return verb ? (JSON.parse(members) as string[]).map((member) => ({ ...timesOf(line), what, member }) as const) : [];
  });
}

export interface AttemptMade extends Write {
  readonly attempt: string;
}

/** Those writes that made an attempt: the first with its record, or one after another. */
export function attemptsMade({ calls }: Pick<Evidence, 'calls'>): AttemptMade[] {
  return calls.flatMap((line) => {
    const [dispatchId = ''] = line.ids;
    const isPut = line['call'] === 'dynamodb.PutItem' && line['TableName'] === 'outpost-dispatches' && tookEffect(line);
    if (isPut) return [{ ...timesOf(line), attempt: `${dispatchId}-1` }];
    if (!isWriteTo('dispatches')(line)) return [];
    const update = String(line['update']);
    const [, attempt] = /\battempt = (\d+)/.exec(update) ?? [];
    return attempt && update.includes('status = PENDING')
      ? [{ ...timesOf(line), attempt: `${dispatchId}-${attempt}` }]
      : [];
  });
}

export interface FencePass extends Write {
  readonly attempt: string;
}

/** Those writes by which a worker passed the start fence. */
export function fencePasses({ calls }: Pick<Evidence, 'calls'>): FencePass[] {
  return calls.filter(isWriteTo('dispatches')).flatMap((line) => {
    if (!/\bstatus = RUNNING\b.*\bstartedAt = /.test(String(line['update']))) return [];
    const [, attempt] = /\battempt = (\d+)/.exec(String(line['condition'])) ?? [];
    // A slot may be among the ids; it has no attempts.
    return line.ids.map((id) => ({ ...timesOf(line), attempt: `${id}-${attempt}` }));
  });
}

function isWriteTo(table: string): (line: JournalLine) => boolean {
  return (line) =>
    line['call'] === 'dynamodb.UpdateItem' && line['TableName'] === `outpost-${table}` && tookEffect(line);
}

/** What the service did, and not what a fault made its caller hear. */
function tookEffect(line: JournalLine): boolean {
  return (line['served'] ?? line['outcome']) === 'ok';
}

/** When something that a journal tells of began and was done, by the time and duration of its line. */
export function timesOf(line: JournalLine): Write {
  const done = Date.parse(line.time);
  return { begun: done - Number(line['ms'] ?? 0), done, who: String(line['who'] ?? line['function']) };
}
