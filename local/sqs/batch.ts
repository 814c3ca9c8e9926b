import { AwsError, asAwsError } from '../gateway/aws-error.ts';

const MAX_ENTRIES = 10;

export interface BatchEntry {
  readonly Id: string;
}

/** What a batch answers of an entry that was refused. */
interface RefusedEntry {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

/**
 * Does each entry of a batch by itself: one that is refused is told of in `Failed`, and the others are done.
 *
 * @throws AwsError where the batch as a whole is empty, too long, or its ids are not distinct
 */
export function eachOfBatch<Entry extends BatchEntry, Result extends object>(
  entries: readonly Entry[],
  perform: (entry: Entry) => Result,
) {
  checkBatch(entries);
  const Successful: (Result & BatchEntry)[] = [];
  const Failed: RefusedEntry[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...perform(entry) });
    } catch (error) {
      const { code, message, status } = asAwsError(error);
      Failed.push({ Id: entry.Id, SenderFault: status < 500, Code: code, Message: message });
    }
  }
  return { Successful, Failed };
}

function checkBatch(entries: readonly BatchEntry[]): void {
  if (entries.length === 0) {
    throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  }
  if (entries.length > MAX_ENTRIES) {
    const message = `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`;
    throw new AwsError('TooManyEntriesInBatchRequest', message);
  }
  if (entries.some(({ Id }) => !/^[A-Za-z0-9_-]{1,80}$/.test(Id))) {
    const message =
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.';
    throw new AwsError('InvalidBatchEntryId', message);
  }
  const ids = entries.map(({ Id }) => Id);
  const repeated = ids.find((id, index) => ids.indexOf(id) < index);
  if (repeated !== undefined) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${repeated} repeated.`);
}
