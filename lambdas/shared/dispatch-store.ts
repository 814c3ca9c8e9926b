import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { DispatchRecord } from '../../core/dispatch-record.ts';
import { DISPATCH_STATUSES, type DispatchStatus, isTerminal, statusesBefore } from '../../core/dispatch-status.ts';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { Outcome } from '../../core/outcome.ts';
import { DISPATCH_INDEXES } from '../../core/table-indexes.ts';
import {
  allOf,
  anyOf,
  type Condition,
  type ConditionalUpdate,
  is,
  isAbsent,
  isOneOf,
  updatedItemIf,
  updateIf,
} from './conditional-update.ts';

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

export function outcomeId(ref: AttemptRef, writer: OutcomeWriter['writer']): string {
  return `${attemptName(ref)}:${writer}`;
}

const LIVING = DISPATCH_STATUSES.filter((status) => !isTerminal(status));

/** The dispatches table. A lost race is `false` or `undefined`; a throttle is an exception. */
export class DispatchStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  async get(dispatchId: string): Promise<DispatchRecord | undefined> {
    const { Item } = await this.client.send(
      new GetCommand({ TableName: this.tableName, Key: { dispatchId }, ConsistentRead: true }),
    );
    return Item && DispatchRecord.parse(Item);
  }

  /**
   * The dispatches of a status that were posted at this time (ISO 8601) or later, the oldest first. The index that tells
   * them lags a moment behind the table.
   */
  async postedSince(status: DispatchStatus, since: string): Promise<DispatchRecord[]> {
    const { indexName, partitionKey, sortKey } = DISPATCH_INDEXES.byStatus;
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.tableName,
        IndexName: indexName,
        KeyConditionExpression: '#status = :status AND #createdAt >= :since',
        ExpressionAttributeNames: { '#status': partitionKey, '#createdAt': sortKey },
        ExpressionAttributeValues: { ':status': status, ':since': since },
      },
    );
    const records: DispatchRecord[] = [];
    for await (const { Items = [] } of pages) records.push(...Items.map((item) => DispatchRecord.parse(item)));
    return records;
  }

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
   * Notes that a cancel was asked for; the first time that it was asked stays. Returns the record as it is then, or
   * `undefined` where there is none or it has ended.
   */
  async requestCancel(dispatchId: string, now: string): Promise<DispatchRecord | undefined> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: { dispatchId },
      when: [isOneOf('status', LIVING)],
      set: { updatedAt: now },
      setOnce: { cancelRequestedAt: now },
    });
    return item && DispatchRecord.parse(item);
  }

  /**
   * The start fence: PROVISIONING to RUNNING, once per attempt, and never after a cancel. Returns `false` where the
   * worker must exit without running; `true` as well where this very ECS task had passed before.
   */
  async passFence({ dispatchId, attempt, taskArn, startedAt, slotId }: FencePass): Promise<boolean> {
    const open = allOf(
      isOneOf('status', statusesBefore('RUNNING')),
      isAbsent('cancelRequestedAt'),
      anyOf(isAbsent('taskArn'), is('taskArn', taskArn)),
    );
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
   * not one of the table's, or an ECS task that the outcome does not know of has passed the start fence: it still runs.
   */
  async end(ref: AttemptRef, outcome: Outcome, { writer, endedAt }: OutcomeWriter): Promise<boolean> {
    const { status, exitCode, reason, stoppedAt, output, taskArn } = outcome;
    const id = outcomeId(ref, writer);
    const ended = await this.updateIf({
      key: { dispatchId: ref.dispatchId },
      when: [is('attempt', ref.attempt), isOneOf('status', statusesBefore(status)), heldBy(taskArn)],
      set: { status, exitCode, reason, stoppedAt, output, endedAt, outcomeId: id, updatedAt: endedAt },
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
    });
  }

  private updateIf(update: ConditionalUpdate): Promise<boolean> {
    return updateIf(this.client, this.tableName, update);
  }
}

/** The attempt is run by this ECS task, or by none. */
function heldBy(taskArn: string | undefined): Condition {
  return taskArn === undefined ? isAbsent('taskArn') : is('taskArn', taskArn);
}
