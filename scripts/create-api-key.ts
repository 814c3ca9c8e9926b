import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DEFAULT_MAX_CONCURRENT } from '../core/tenant.ts';
import { createApiKey } from '../lambdas/shared/create-api-key.ts';
import { documentClient } from '../lambdas/shared/document-client.ts';
import { TenantStore } from '../lambdas/shared/tenant-store.ts';
import { command, runCommand, UsageError } from '../local/cli/command-line.ts';
import { localOption, reaching } from './aws-target.ts';
import { placesLimit } from './places-limit.ts';
import { tenantId } from './tenant-id.ts';

interface Options {
  readonly tenant: string;
  readonly prefix: string;
  readonly maxConcurrent: number;
  readonly local?: string | true;
}

const program = command('create-key', 'Issues an API key for a tenant, and prints it: it cannot be shown again.')
  .requiredOption('--tenant <id>', 'the tenant; created where it does not exist yet', tenantId)
  .option('--prefix <prefix>', "the deployment's resource prefix", 'outpost')
  .option('--max-concurrent <n>', 'dispatches that a new tenant may run at once', placesLimit, DEFAULT_MAX_CONCURRENT)
  .addOption(localOption())
  .addHelpText('after', '\nWithout --local it uses the AWS credentials and region of the environment.');

await runCommand<Options>(program, ({ local, tenant, prefix, maxConcurrent }) =>
  reaching(local, async (target) => {
    const client = documentClient(new DynamoDBClient(target));
    const tables = { tenantsTable: `${prefix}-tenants`, apiKeysTable: `${prefix}-api-keys` };
    const known = await new TenantStore(client, tables.tenantsTable).get(tenant);
    if (known && program.getOptionValueSource('maxConcurrent') === 'cli') {
      throw new UsageError(
        `${tenant} exists, and may run ${known.maxConcurrent} dispatches at once: leave --max-concurrent out, and change the tenant's item instead (docs/RUNBOOK.md)`,
      );
    }
    if (known?.status === 'SUSPENDED')
      console.error(`${tenant} is suspended: its keys open nothing until it is active`);
    console.log(await createApiKey({ client, ...tables, tenantId: tenant, maxConcurrent }));
    return 0;
  }),
);
