import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { STAGE_NAMES } from './stage.ts';

/** The item of the pool table by which a sweep knows where the one before it stopped. */
export const SWEEP_KEY = { agentType: '#sweep', slotId: 'cursor' } as const;

/** Where a sweep goes on: in which stage, and after what; that is the stage's own. */
const Position = z.object({ stage: z.enum(STAGE_NAMES), after: z.record(z.string(), z.unknown()).optional() });
export type Position = z.infer<typeof Position>;

/** What one sweep leaves to the next. What another version has left in other words is not needed: it is found again. */
const SweepItem = z.object({
  /** Absent at the beginning. */
  position: Position.optional().catch(undefined),
  /** Since when a place is doubted to be held by a living attempt, by tenant and member. */
  deadPlaces: z.record(z.string(), z.iso.datetime()).default({}).catch({}),
});
export type SweepNotes = z.infer<typeof SweepItem>;

/**
 * One item for all sweeps. Two that run at once overwrite each other's notes: something is swept twice then, or a cycle
 * later, or a dead place waits five minutes more.
 */
export class SweepMemory {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  async read(): Promise<SweepNotes> {
    const { Item = {} } = await this.client.send(
      new GetCommand({ TableName: this.tableName, Key: SWEEP_KEY, ConsistentRead: true }),
    );
    return SweepItem.parse(Item);
  }

  async write(notes: SweepNotes): Promise<void> {
    await this.client.send(new PutCommand({ TableName: this.tableName, Item: { ...SWEEP_KEY, ...notes } }));
  }
}
