import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DEFAULT_MAX_CONCURRENT } from '../../core/tenant.ts';
import { ApiKeyStore } from './api-key-store.ts';
import { TenantStore } from './tenant-store.ts';

export interface CreateApiKeyOptions {
  readonly client: DynamoDBDocumentClient;
  /** Names of the two tables. */
  readonly tenantsTable: string;
  readonly apiKeysTable: string;
  readonly tenantId: string;
  /** Living attempts that a new tenant may have at once. */
  readonly maxConcurrent?: number;
  readonly now?: Date;
}

/** Issues an API key for a tenant, which is made where it does not exist yet. The key is stored nowhere. */
export async function createApiKey(options: CreateApiKeyOptions): Promise<string> {
  const { client, tenantId, maxConcurrent = DEFAULT_MAX_CONCURRENT, now = new Date() } = options;
  const tenants = new TenantStore(client, options.tenantsTable);
  await tenants.create({ tenantId, status: 'ACTIVE', maxConcurrent, createdAt: now.toISOString() });
  return new ApiKeyStore(client, options.apiKeysTable).issue(tenantId, now);
}
