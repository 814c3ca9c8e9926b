import { createHash, randomBytes } from 'node:crypto';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ApiKey } from '../../core/tenant.ts';

const KEY_PREFIX = 'op_live_';
const KEY_PATTERN = /^op_(live|test)_[A-Za-z0-9_-]{16,128}$/;

/** The api-keys table. It knows a key by its hash alone, so a key is shown once: when it is issued. */
export class ApiKeyStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
  ) {}

  /** The tenant that a key belongs to, or `undefined`. Read consistently, so that a revoked key is out at once. */
  async tenantOf(key: string): Promise<string | undefined> {
    if (!KEY_PATTERN.test(key)) return undefined;
    const { Item } = await this.client.send(
      new GetCommand({ TableName: this.tableName, Key: { keyHash: hashOf(key) }, ConsistentRead: true }),
    );
    return Item && ApiKey.parse(Item).tenantId;
  }

  /** Makes a key of 256 random bits for a tenant, and returns it. */
  async issue(tenantId: string, now: Date): Promise<string> {
    const key = `${KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
    const item: ApiKey = { keyHash: hashOf(key), tenantId, createdAt: now.toISOString() };
    await this.client.send(new PutCommand({ TableName: this.tableName, Item: item }));
    return key;
  }
}

/** A key is random enough that a fast hash without salt gives nothing away. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
