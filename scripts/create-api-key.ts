import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { TenantId } from '../core/ids.ts';
import { DEFAULT_MAX_CONCURRENT } from '../core/tenant.ts';
import { createApiKey } from '../lambdas/shared/create-api-key.ts';
import { documentClient } from '../lambdas/shared/document-client.ts';

function parseTenantId(text: string): string {
  const parsed = TenantId.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  return parsed.data;
}

function parseLimit(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 0 to 999999');
  return Number(text);
}

async function main(): Promise<void> {
  // The SDK's advice to update Node is not for who issues a key.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const command = new Command('create-api-key')
    .description('Issue an API key for a tenant, and print it: it cannot be shown again.')
    .requiredOption('--tenant <id>', 'the tenant; created where it does not exist yet', parseTenantId)
    .option('--prefix <prefix>', "the deployment's resource prefix", 'outpost')
    .option('--max-concurrent <n>', 'dispatches that a new tenant may run at once', parseLimit, DEFAULT_MAX_CONCURRENT)
    .addHelpText('after', '\nUses the AWS credentials and region of the environment (and AWS_ENDPOINT_URL).')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse();
  const { tenant, prefix, maxConcurrent } = command.opts<{ tenant: string; prefix: string; maxConcurrent: number }>();
  const tables = { tenantsTable: `${prefix}-tenants`, apiKeysTable: `${prefix}-api-keys` };
  console.log(await createApiKey({ client: documentClient(), ...tables, tenantId: tenant, maxConcurrent }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    console.error(`No key was issued: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
