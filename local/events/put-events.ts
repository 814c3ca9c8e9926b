import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AwsEvent } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';

const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;

/** An entry of `PutEvents` as it comes over the wire; `Time` in seconds since the epoch. */
const Entry = z.object({
  Source: z.string().nullish(),
  DetailType: z.string().nullish(),
  Detail: z.string().nullish(),
  Resources: z.array(z.string()).nullish(),
  EventBusName: z.string().nullish(),
  Time: z.number().min(0).max(253_402_300_799).nullish(),
});
const Entries = z.array(Entry).min(1).max(MAX_ENTRIES);
type Entry = z.output<typeof Entry>;

export interface AcceptedEntry {
  readonly bus: string;
  readonly event: AwsEvent & { readonly id: string };
}

export interface RefusedEntry {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/**
 * Reads the entries of `PutEvents`, each accepted or refused by itself. Throws `ValidationException` where the request
 * as a whole is over its limits: 10 entries, 256 KiB.
 */
export function readEntries(input: unknown): (AcceptedEntry | RefusedEntry)[] {
  const parsed = Entries.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AwsError('ValidationException', `Entries.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const bytes = parsed.data.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (bytes > MAX_BYTES) {
    throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
  }
  return parsed.data.map(readEntry);
}

function readEntry({ Source, DetailType, Detail, Resources, EventBusName, Time }: Entry): AcceptedEntry | RefusedEntry {
  if (!Source) return missing('Source');
  if (!DetailType) return missing('DetailType');
  if (!Detail) return missing('Detail');
  if (Source.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSource', ErrorMessage: 'Not authorized for the source.' };
  }
  const detail = parseObject(Detail);
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  return {
    bus: (EventBusName ?? 'default').replace(/^arn:.*:event-bus\//, ''),
    event: {
      id: randomUUID(),
      source: Source,
      'detail-type': DetailType,
      detail,
      ...(Resources && { resources: Resources }),
      ...(typeof Time === 'number' && { time: new Date(Time * 1000).toISOString() }),
    },
  };
}

function missing(parameter: string): RefusedEntry {
  return {
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${parameter} is not valid. Reason: ${parameter} is a required argument.`,
  };
}

/** "Calculating PutEvents event entry size": 14 bytes for a time, and the UTF-8 bytes of each text. */
function entryBytes({ Source, DetailType, Detail, Resources, Time }: Entry): number {
  const texts = [Source, DetailType, Detail, ...(Resources ?? [])];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? '', 'utf8'), typeof Time === 'number' ? 14 : 0);
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    // Not JSON: the entry is refused, and says so.
    return undefined;
  }
}
