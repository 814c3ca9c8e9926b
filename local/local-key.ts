import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ApiKeyStore } from '../lambdas/shared/api-key-store.ts';
import { createApiKey } from '../lambdas/shared/create-api-key.ts';
import { documentClient } from '../lambdas/shared/document-client.ts';
import type { EmbeddedAws } from './embedded-aws.ts';

/** The tenant that dispatches on the embedded AWS belong to. */
const TENANT_ID = 'local';

/** A key of the local tenant: the one of an earlier boot where it still opens the door, else a new one. */
export async function localKey(aws: EmbeddedAws, known?: string): Promise<{ apiKey: string; tenantId: string }> {
  const client = documentClient(new DynamoDBClient(aws.operator));
  const tables = { tenantsTable: aws.output('TenantsTable'), apiKeysTable: aws.output('ApiKeysTable') };
  const isKnown = known && (await new ApiKeyStore(client, tables.apiKeysTable).tenantOf(known)) === TENANT_ID;
  const apiKey = isKnown ? known : await createApiKey({ client, ...tables, tenantId: TENANT_ID });
  return { apiKey, tenantId: TENANT_ID };
}
