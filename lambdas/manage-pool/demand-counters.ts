import { randomUUID } from 'node:crypto';
import { type DynamoDBDocumentClient, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { AgentName } from '../../core/agents.ts';
import { anyOf, is, isAbsent, updateIf } from '../shared/conditional-update.ts';
import type { DemandFact } from './trigger.ts';

/** Days that a minute's counts, and what was counted, are kept: two weeks back is the farthest that is asked for. */
const KEPT_DAYS = 15;

const Counts = z.object({ slotId: z.string(), claims: z.int().default(0), misses: z.int().default(0) });

/** What was claimed and missed in one minute. */
export type MinuteCounts = Pick<z.infer<typeof Counts>, 'claims' | 'misses'>;

/**
 * Claims and misses by the minute, beside the slots in the pool table: `demand#<agent>`, `2026-11-21T04:05`. An attempt
 * counts once, however often it is told of: a mark of its own says that it was counted, `counted#<dispatchId>-<attempt>`.
 * In a set on the minute's item, thousands of attempts would make each write and each look pay for all of them.
 */
export class DemandCounters {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  async count({ agent, attempt, what, at }: DemandFact): Promise<void> {
    const expiresAt = Math.floor(at.getTime() / 1000) + KEPT_DAYS * 86_400;
    // The mark comes first: who dies in between leaves one uncounted, which a policy lives with.
    if (!(await this.mark(agent, attempt, expiresAt))) return;
    await this.client.send(
      new UpdateCommand({
        TableName: this.tableName,
        Key: { agentType: partitionOf(agent), slotId: minuteOf(at) },
        UpdateExpression: 'ADD #what :one SET expiresAt = :expiresAt',
        ExpressionAttributeNames: { '#what': what },
        ExpressionAttributeValues: { ':one': 1, ':expiresAt': expiresAt },
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

  /** Returns `false` where another has marked it: it was counted before. */
  private async mark(agent: AgentName, attempt: string, expiresAt: number): Promise<boolean> {
    const by = randomUUID();
    return updateIf(this.client, this.tableName, {
      key: { agentType: partitionOf(agent), slotId: `counted#${attempt}` },
      when: [anyOf(isAbsent('by'), is('by', by))],
      set: { by, expiresAt },
    });
  }
}

function partitionOf(agent: AgentName): string {
  return `demand#${agent}`;
}

function minuteOf(time: Date): string {
  return time.toISOString().slice(0, 16);
}
