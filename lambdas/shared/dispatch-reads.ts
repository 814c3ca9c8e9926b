import { type DynamoDBDocumentClient, GetCommand, paginateQuery, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { DispatchRecord, UNPUBLISHED } from '../../core/dispatch-record.ts';
import type { DispatchStatus } from '../../core/dispatch-status.ts';
import { DISPATCH_INDEXES } from '../../core/table-indexes.ts';
import { type Page, type PageKey, type ReadPage, readPage } from './page.ts';

/** What is read from the dispatches table. Only `get` sees every write before it. */
export class DispatchReads {
  constructor(
    protected readonly client: DynamoDBDocumentClient,
    protected readonly tableName: string,
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

  /** At most `limit` dispatches of a status, the oldest first, as an index that lags a moment behind tells them. */
  async page(status: DispatchStatus, limit: number, after?: PageKey): Promise<ReadPage<DispatchRecord>> {
    return readPage(await this.query(DISPATCH_INDEXES.byStatus, status, limit, after), DispatchRecord, 'dispatchId');
  }

  /** At most `limit` ids of dispatches that have ended while their `Dispatch Ended` is not out, the oldest first. */
  async unpublishedPage(limit: number, after?: PageKey): Promise<Page<string>> {
    const { items, next } = await this.query(DISPATCH_INDEXES.byUnpublished, UNPUBLISHED, limit, after);
    return { items: items.map(({ dispatchId }) => String(dispatchId)), next };
  }

  /** The dispatch whose record names this ECS task, as an index that lags a moment behind tells it. */
  async findByTask(taskArn: string): Promise<string | undefined> {
    const { items } = await this.query(DISPATCH_INDEXES.byTask, taskArn, 1);
    return items[0] && String(items[0]['dispatchId']);
  }

  private async query(
    { indexName, partitionKey }: { readonly indexName: string; readonly partitionKey: string },
    value: string,
    limit: number,
    after?: PageKey,
  ): Promise<Page<Record<string, unknown>>> {
    const { Items = [], LastEvaluatedKey } = await this.client.send(
      new QueryCommand({
        TableName: this.tableName,
        IndexName: indexName,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeNames: { '#key': partitionKey },
        ExpressionAttributeValues: { ':value': value },
        Limit: limit,
        ...(after ? { ExclusiveStartKey: after } : {}),
      }),
    );
    return { items: Items, next: LastEvaluatedKey };
  }
}
