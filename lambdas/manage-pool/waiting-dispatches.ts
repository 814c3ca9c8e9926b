import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { DISPATCH_INDEXES } from '../../core/table-indexes.ts';

/** How many dispatches wait, by agent. */
export type WaitingByAgent = ReadonlyMap<string, number>;

/** Dispatches that wait for an ECS task. */
export class WaitingDispatches {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  /** Of each of the two statuses the newest: one page of up to 1 MB, some thousand dispatches. */
  async count(): Promise<WaitingByAgent> {
    const pages = await Promise.all([this.agentsOf('PENDING'), this.agentsOf('PROVISIONING')]);
    const counts = new Map<string, number>();
    for (const agent of pages.flat()) counts.set(agent, (counts.get(agent) ?? 0) + 1);
    return counts;
  }

  private async agentsOf(status: 'PENDING' | 'PROVISIONING'): Promise<string[]> {
    const { indexName, partitionKey } = DISPATCH_INDEXES.byStatus;
    const { Items = [] } = await this.client.send(
      new QueryCommand({
        TableName: this.tableName,
        IndexName: indexName,
        KeyConditionExpression: '#status = :status',
        ProjectionExpression: '#agent',
        ExpressionAttributeNames: { '#status': partitionKey, '#agent': 'agent' },
        ExpressionAttributeValues: { ':status': status },
        ScanIndexForward: false,
      }),
    );
    return Items.map(({ agent }) => String(agent));
  }
}
