import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { DispatchRecord, expiresAt, MAX_ATTEMPTS, UNPUBLISHED } from '../../core/dispatch-record.ts';
import { type DispatchStatus, statusesBefore, TERMINAL_STATUSES } from '../../core/dispatch-status.ts';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { Outcome } from '../../core/outcome.ts';
import {
  allOf,
  anyOf,
  type Condition,
  exists,
  is,
  isAbsent,
  isLessThan,
  isOneOf,
  lacksMember,
  updatedItemIf,
} from './conditional-update.ts';
import { DispatchNotes } from './dispatch-notes.ts';

/** What a worker says when it asks to begin. Times are ISO 8601. */
export interface FencePass extends AttemptRef {
  readonly taskArn: string;
  readonly startedAt: string;
  /** The warm slot that it runs on. @default a cold ECS task */
  readonly slotId?: string | undefined;
}

/** Who ends an attempt, and when. A retry of the same writer knows its own outcome again by `writer`. */
export interface OutcomeWriter {
  readonly writer: 'record-outcome' | 'settle';
  readonly endedAt: string;
}

/** Which attempt is to be followed by another, what it is asked for by, and when (ISO 8601). */
export interface ReplayRequest extends AttemptRef {
  readonly key: string;
  readonly now: Date;
}

export function outcomeId(ref: AttemptRef, writer: OutcomeWriter['writer']): string {
  return `${attemptName(ref)}:${writer}`;
}

/** What is written to the dispatches table. A lost race is `false` or `undefined`; a throttle is an exception. */
export class DispatchStore extends DispatchNotes {
  /** Puts a record that is not there yet. Returns `false` where one is, and leaves it as it is. */
  async create(record: DispatchRecord): Promise<boolean> {
    try {
      await this.client.send(
        new PutCommand({
          TableName: this.tableName,
          Item: record,
          ConditionExpression: 'attribute_not_exists(dispatchId)',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /**
   * The start fence: PROVISIONING to RUNNING, once per attempt, and never after a cancel. Returns `false` where the
   * worker must exit without running; `true` as well where this very ECS task had passed before.
   */
  async passFence({ dispatchId, attempt, taskArn, startedAt, slotId }: FencePass): Promise<boolean> {
    const open = allOf(isOneOf('status', statusesBefore('RUNNING')), isAbsent('cancelRequestedAt'));
    return this.updateIf({
      key: { dispatchId },
      when: [is('attempt', attempt), anyOf(open, allOf(is('status', 'RUNNING'), is('taskArn', taskArn)))],
      set: { status: 'RUNNING', taskArn, slotId, startedAt, updatedAt: startedAt },
    });
  }

  /** RUNNING to COMPLETING. Returns `false` where it never ran, another ECS task runs it, or it is not current or has ended. */
  async beginCompleting({ dispatchId, attempt }: AttemptRef, { taskArn }: Outcome, now: string): Promise<boolean> {
    return this.updateIf({
      key: { dispatchId },
      when: [
        is('attempt', attempt),
        isOneOf('status', [...statusesBefore('COMPLETING'), 'COMPLETING']),
        heldBy(taskArn),
      ],
      set: { status: 'COMPLETING', updatedAt: now },
    });
  }

  /**
   * Ends an attempt, once. Returns `false` where another writer ended it, a later attempt took over, the transition is
   * not one of the table's, an ECS task that the outcome does not know of has passed the start fence, or a cancel came
   * before an end that is neither CANCELLED nor SUCCESS.
   */
  async end(ref: AttemptRef, outcome: Outcome, { writer, endedAt }: OutcomeWriter): Promise<boolean> {
    const { status, exitCode, reason, stoppedAt, output, usage, taskArn } = outcome;
    const id = outcomeId(ref, writer);
    const ended = await this.updateIf({
      key: { dispatchId: ref.dispatchId },
      when: [
        is('attempt', ref.attempt),
        isOneOf('status', statusesBefore(status)),
        heldBy(taskArn),
        ...(BARRED_BY_CANCEL.includes(status) ? [isAbsent('cancelRequestedAt')] : []),
      ],
      set: {
        status,
        exitCode,
        reason,
        stoppedAt,
        output,
        usage,
        endedAt,
        outcomeId: id,
        unpublished: UNPUBLISHED,
        updatedAt: endedAt,
      },
      remove: ['waitingFor', 'settlingAt'],
    });
    // A terminal status stays, so an answer that was lost can be read again, and its `endedAt` is not written twice.
    return ended || (await this.get(ref.dispatchId))?.outcomeId === id;
  }

  /** Notes that `Dispatch Ended` is out. Returns `false` where that was noted before, or is not this attempt's to note. */
  async markPublished({ dispatchId, attempt }: AttemptRef, at: string): Promise<boolean> {
    return this.updateIf({
      key: { dispatchId },
      when: [is('attempt', attempt), isAbsent('publishedAt')],
      set: { publishedAt: at },
      remove: ['unpublished'],
    });
  }

  /**
   * From a terminal status to the next attempt, PENDING; the outcome of the attempt before must be out by then. Returns
   * the new attempt's record, also where this very key has made it before and it is still current; `undefined` where the
   * attempt is not the current one, has not ended or not been announced, the key was used before, or it is one of as many
   * attempts as may be.
   */
  async replay({ dispatchId, attempt, key, now }: ReplayRequest): Promise<DispatchRecord | undefined> {
    const at = now.toISOString();
    const item = await updatedItemIf(this.client, this.tableName, {
      key: { dispatchId },
      when: [
        is('attempt', attempt),
        isLessThan('attempt', MAX_ATTEMPTS),
        isOneOf('status', TERMINAL_STATUSES),
        exists('publishedAt'),
        lacksMember('replayKeys', key),
      ],
      set: { attempt: attempt + 1, status: 'PENDING', attemptedAt: at, updatedAt: at, expiresAt: expiresAt(now) },
      addToSet: { replayKeys: key },
      remove: OF_ONE_ATTEMPT,
    });
    if (item) return DispatchRecord.parse(item);
    const record = await this.get(dispatchId);
    return record?.attempt === attempt + 1 && record.replayKeys?.has(key) ? record : undefined;
  }
}

/** How an attempt cannot end once a cancel was acknowledged. */
const BARRED_BY_CANCEL: readonly DispatchStatus[] = ['FAILED', 'TIMEOUT'];

/** What a replay takes off the record: it is true of one attempt alone. */
const OF_ONE_ATTEMPT: readonly (keyof DispatchRecord)[] = [
  'executionArn',
  'taskArn',
  'slotId',
  'startedAt',
  'waitingFor',
  'cancelRequestedAt',
  'settlingAt',
  'stoppedAt',
  'endedAt',
  'exitCode',
  'reason',
  'output',
  'usage',
  'outcomeId',
  'publishedAt',
  'unpublished',
];

/** This ECS task has passed the attempt's start fence, or none has. */
function heldBy(taskArn: string | undefined): Condition {
  return taskArn === undefined ? isAbsent('startedAt') : is('taskArn', taskArn);
}
