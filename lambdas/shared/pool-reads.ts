import { type DynamoDBDocumentClient, GetCommand, paginateQuery, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { MANAGER_KEY, Slot, type SlotRef } from '../../core/slot.ts';

/** Slots sort by their ids, ULIDs, which begin with a digit. */
const SLOTS = 'agentType = :agentType';

/** What is read of the warm slots in the pool table. */
export class PoolReads {
  constructor(
    protected readonly client: DynamoDBDocumentClient,
    protected readonly tableName: string,
  ) {}

  async get({ agentType, slotId }: SlotRef): Promise<Slot | undefined> {
    const { Item } = await this.client.send(
      new GetCommand({ TableName: this.tableName, Key: { agentType, slotId }, ConsistentRead: true }),
    );
    return Item && Slot.parse(Item);
  }

  /**
   * The newest slots of an agent, tombstones among them: one page of up to 1 MB, which may lag behind. Good enough to
   * choose what to claim, because the claim's condition decides.
   */
  async newest(agentType: string): Promise<Slot[]> {
    const { Items = [] } = await this.client.send(
      new QueryCommand({
        TableName: this.tableName,
        KeyConditionExpression: SLOTS,
        ExpressionAttributeValues: { ':agentType': agentType },
        ScanIndexForward: false,
      }),
    );
    return Items.map((item) => Slot.parse(item));
  }

  /** When a manager last ran, ISO 8601; `undefined` where none ever has. It may lag behind by a moment. */
  async managerSeenAt(): Promise<string | undefined> {
    const { Item } = await this.client.send(
      new GetCommand({ TableName: this.tableName, Key: MANAGER_KEY, ProjectionExpression: 'seenAt' }),
    );
    const seenAt: unknown = Item?.['seenAt'];
    return typeof seenAt === 'string' ? seenAt : undefined;
  }

  /** Every slot of an agent, tombstones among them, as it is now. */
  async list(agentType: string): Promise<Slot[]> {
    const slots: Slot[] = [];
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.tableName,
        KeyConditionExpression: SLOTS,
        ExpressionAttributeValues: { ':agentType': agentType },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) slots.push(...Items.map((item) => Slot.parse(item)));
    return slots;
  }
}
