import { isTerminal } from '../../../core/dispatch-status.ts';
import { type AttemptRef, attemptName, parseAttemptName } from '../../../core/ids.ts';
import type { EmbeddedProcess } from '../killable-aws.ts';
import type { ClientRequest } from '../load/client.ts';
import type { Errand } from '../load/errand.ts';
import { type DeadLetter, readDeadLetters } from './dead-letters.ts';
import {
  type DiaryEntry,
  type JournalLine,
  type PublishedEvent,
  readArchive,
  readDiary,
  readJournal,
} from './journals.ts';
import { type VerifiedOutput, verifyOutputs } from './outputs.ts';
import { readStores, type Stores } from './stores.ts';

/** Everything that is known when it has become quiet: what stores, journals and archive hold, and what clients heard. */
export interface Evidence extends Stores {
  readonly errands: readonly Errand[];
  readonly requests: readonly ClientRequest[];
  readonly events: readonly PublishedEvent[];
  readonly calls: readonly JournalLine[];
  readonly faults: readonly JournalLine[];
  readonly diary: readonly DiaryEntry[];
  readonly deadLetters: readonly DeadLetter[];
  /** Of the attempts that ended as SUCCESS, by name. */
  readonly outputs: ReadonlyMap<string, VerifiedOutput>;
  readonly restarts: readonly { readonly at: number; readonly what: string }[];
  /** Slots that may live at the most. */
  readonly maxSlots: number;
  /** Milliseconds since the epoch. */
  readonly gatheredAt: number;
}

export interface EvidenceSources extends Pick<Evidence, 'errands' | 'requests' | 'restarts' | 'maxSlots'> {
  readonly data: string;
  readonly diaryFile: string;
}

export async function gatherEvidence(aws: EmbeddedProcess, sources: EvidenceSources): Promise<Evidence> {
  const { data, diaryFile, ...known } = sources;
  const [stores, deadLetters, events] = await Promise.all([readStores(aws), readDeadLetters(aws), readArchive(data)]);
  return {
    ...known,
    gatheredAt: Date.now(),
    ...stores,
    deadLetters,
    events,
    calls: readJournal(data, 'calls'),
    faults: readJournal(data, 'faults'),
    diary: readDiary(diaryFile),
    outputs: await verifyOutputs(aws, successes(stores, events)),
  };
}

/** The attempts that anybody said to have succeeded. */
function successes({ records }: Stores, events: readonly PublishedEvent[]): AttemptRef[] {
  const recorded = records.filter(({ status }) => status === 'SUCCESS').map(attemptName);
  const told = events.flatMap(({ detail: { status, dispatchId = '', attempt = 0 } }) =>
    status === 'SUCCESS' ? [attemptName({ dispatchId, attempt })] : [],
  );
  return [...new Set([...recorded, ...told])].flatMap((name) => parseAttemptName(name) ?? []);
}

/** The attempts of all dispatches that have ended by now. */
export function endedAttempts({ records }: Pick<Evidence, 'records'>): AttemptRef[] {
  return records.flatMap(({ dispatchId, attempt, status }) => {
    const ended = isTerminal(status) ? attempt : attempt - 1;
    return Array.from({ length: ended }, (_, before) => ({ dispatchId, attempt: before + 1 }));
  });
}
