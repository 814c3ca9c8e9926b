import { type DynamoDBDocumentClient, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { AgentName } from '../../core/agents.ts';
import type { DemandFact } from './trigger.ts';

/** Days that a minute's counts are kept: two weeks back is the farthest that is asked for. */
const KEPT_DAYS = 15;

const Counts = z.object({ slotId: z.string(), claims: z.int().default(0), misses: z.int().default(0) });

/** What was claimed and missed in one minute. */
export type MinuteCounts = Pick<z.infer<typeof Counts>, 'claims' | 'misses'>;

/**
 * Claims and misses by the minute, beside the slots in the pool table: `demand#<agent>`, `2026-11-21T04:05`. An event that
 * is delivered twice counts twice; a policy lives with that.
 */
export class DemandCounters {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  async count({ agent, what, at }: DemandFact): Promise<void> {
    await this.client.send(
      new UpdateCommand({
        TableName: this.tableName,
        Key: { agentType: partitionOf(agent), slotId: minuteOf(at) },
        UpdateExpression: 'ADD #what :one SET expiresAt = :expiresAt',
        ExpressionAttributeNames: { '#what': what },
        ExpressionAttributeValues: { ':one': 1, ':expiresAt': Math.floor(at.getTime() / 1000) + KEPT_DAYS * 86_400 },
      }),
    );
  }

  /** The counts of so many minutes, that of `last` the last of them; a minute without demand is 0 and 0. */
  async of(agent: AgentName, last: Date, minutes: number): Promise<MinuteCounts[]> {
    const names = Array.from({ length: minutes }, (_, index) => {
      return minuteOf(new Date(last.getTime() - (minutes - 1 - index) * 60_000));
    });
    const found = new Map<string, MinuteCounts>();
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.tableName,
        KeyConditionExpression: 'agentType = :partition AND slotId BETWEEN :first AND :last',
        ExpressionAttributeValues: { ':partition': partitionOf(agent), ':first': names[0], ':last': names.at(-1) },
        // What this very trigger has counted is to be seen.
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) {
      for (const item of Items.map((item) => Counts.parse(item))) found.set(item.slotId, item);
    }
    return names.map((name) => found.get(name) ?? { claims: 0, misses: 0 });
  }
}

function partitionOf(agent: AgentName): string {
  return `demand#${agent}`;
}

function minuteOf(time: Date): string {
  return time.toISOString().slice(0, 16);
}
