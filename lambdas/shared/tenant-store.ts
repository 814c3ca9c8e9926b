import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { Tenant, TenantPlaces } from '../../core/tenant.ts';
import { anyOf, exists, hasFewerThan, hasMember, is, updateIf } from './conditional-update.ts';
import { type PageKey, type ReadPage, readPage } from './page.ts';

/**
 * The tenants table. A tenant's places are the set `livingAttempts` of `<dispatchId>-<attempt>`; since when one of them is
 * doubted is an attribute of its own, `doubt:<dispatchId>-<attempt>`.
 */
export class TenantStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  async get(tenantId: string): Promise<Tenant | undefined> {
    const { Item } = await this.client.send(
      new GetCommand({ TableName: this.tableName, Key: { tenantId }, ConsistentRead: true }),
    );
    return Item && Tenant.parse(Item);
  }

  /** Puts a tenant that is not there yet. Returns `false` where one is, and leaves it as it is. */
  async create(tenant: Tenant): Promise<boolean> {
    try {
      await this.client.send(
        new PutCommand({
          TableName: this.tableName,
          Item: tenant,
          ConditionExpression: 'attribute_not_exists(tenantId)',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /**
   * Takes one of at most `max` places for an attempt. Returns `false` where all are taken or there is no such tenant;
   * an attempt that has a place keeps it, and nobody doubts it any more.
   */
  async takePlace(tenantId: string, attemptName: string, max: number): Promise<boolean> {
    return updateIf(this.client, this.tableName, {
      key: { tenantId },
      when: [exists('tenantId'), anyOf(hasMember('livingAttempts', attemptName), hasFewerThan('livingAttempts', max))],
      addToSet: { livingAttempts: attemptName },
      remove: [doubtOf(attemptName)],
    });
  }

  /** Gives an attempt's place back. Repeats, and places that were never taken, are harmless. */
  async freePlace(tenantId: string, attemptName: string): Promise<void> {
    await updateIf(this.client, this.tableName, {
      key: { tenantId },
      when: [exists('tenantId')],
      deleteFromSet: { livingAttempts: attemptName },
      remove: [doubtOf(attemptName)],
    });
  }

  /**
   * Notes that a place seems to be held by no living attempt, and since when (ISO 8601). Returns `false` where the place
   * is not taken.
   */
  async doubtPlace(tenantId: string, attemptName: string, since: string): Promise<boolean> {
    return updateIf(this.client, this.tableName, {
      key: { tenantId },
      when: [hasMember('livingAttempts', attemptName)],
      set: { [doubtOf(attemptName)]: since },
    });
  }

  /** Frees a place that is doubted since then. Returns `false` where it has been taken anew, or doubted anew, since. */
  async freeDoubtedPlace(tenantId: string, attemptName: string, since: string): Promise<boolean> {
    return updateIf(this.client, this.tableName, {
      key: { tenantId },
      when: [is(doubtOf(attemptName), since)],
      deleteFromSet: { livingAttempts: attemptName },
      remove: [doubtOf(attemptName)],
    });
  }

  /** The places of at most `limit` tenants, in no order, as they were a moment ago. */
  async placesPage(limit: number, after?: PageKey): Promise<ReadPage<TenantPlaces>> {
    const { Items = [], LastEvaluatedKey } = await this.client.send(
      new ScanCommand({
        TableName: this.tableName,
        ProjectionExpression: 'tenantId, livingAttempts',
        Limit: limit,
        ...(after ? { ExclusiveStartKey: after } : {}),
      }),
    );
    return readPage({ items: Items, next: LastEvaluatedKey }, TenantPlaces, 'tenantId');
  }
}

/** Each doubt has a time of its own, which tells it from an older one: a set of members could not. */
function doubtOf(attemptName: string): string {
  return `doubt:${attemptName}`;
}
