import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createApiKey } from '../../../lambdas/shared/create-api-key.ts';
import { documentClient } from '../../../lambdas/shared/document-client.ts';
import type { EmbeddedProcess } from '../killable-aws.ts';

/** Who submits, and how much of each tenant may live at once; clients take turns with them. */
const TENANTS = [
  { tenantId: 'chaos-a', maxConcurrent: 100 },
  { tenantId: 'chaos-b', maxConcurrent: 100 },
  { tenantId: 'chaos-a', maxConcurrent: 100 },
  { tenantId: 'chaos-small', maxConcurrent: 3 },
];

export interface TenantKey {
  readonly tenantId: string;
  readonly apiKey: string;
}

/** A key for each of the clients. */
export async function issueKeys({ operator, outputs }: EmbeddedProcess): Promise<TenantKey[]> {
  const client = documentClient(new DynamoDBClient(operator));
  const tables = { tenantsTable: outputs['TenantsTable'] ?? '', apiKeysTable: outputs['ApiKeysTable'] ?? '' };
  const keys: TenantKey[] = [];
  for (const tenant of TENANTS) {
    keys.push({ tenantId: tenant.tenantId, apiKey: await createApiKey({ client, ...tables, ...tenant }) });
  }
  client.destroy();
  return keys;
}
