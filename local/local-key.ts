import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DEFAULT_MAX_CONCURRENT } from '../core/tenant.ts';
import { ApiKeyStore } from '../lambdas/shared/api-key-store.ts';
import { documentClient } from '../lambdas/shared/document-client.ts';
import { TenantStore } from '../lambdas/shared/tenant-store.ts';
import type { EmbeddedAws } from './embedded-aws.ts';

/** The tenant that dispatches on the embedded AWS belong to. */
const TENANT_ID = 'local';

/** A key of the local tenant: the one of an earlier boot where it still opens the door, else a new one. */
export async function localKey(aws: EmbeddedAws, known?: string): Promise<{ apiKey: string; tenantId: string }> {
  const client = documentClient(new DynamoDBClient(aws.operator));
  const keys = new ApiKeyStore(client, aws.output('ApiKeysTable'));
  if (known && (await keys.tenantOf(known)) === TENANT_ID) return { apiKey: known, tenantId: TENANT_ID };
  const now = new Date();
  await new TenantStore(client, aws.output('TenantsTable')).create({
    tenantId: TENANT_ID,
    status: 'ACTIVE',
    maxConcurrent: DEFAULT_MAX_CONCURRENT,
    createdAt: now.toISOString(),
  });
  return { apiKey: await keys.issue(TENANT_ID, now), tenantId: TENANT_ID };
}
