import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { AwsService } from '../../../local/aws-service.ts';
import { createSecretsManager } from '../../../local/secretsmanager/secretsmanager-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, startEmbedded } from '../lambda/embedded.ts';

/** Secrets Manager behind a gateway, a client of it, and its file. */
export interface SecretsStand {
  readonly embedded: Embedded;
  readonly service: AwsService;
  readonly client: SecretsManagerClient;
  readonly file: string;
  /** Writes the file; text is written as it is. */
  write(content: unknown, mode?: number): void;
  destroy(): Promise<void>;
}

export async function startSecretsManager(): Promise<SecretsStand> {
  const embedded = await startEmbedded();
  const file = join(embedded.folder, 'secrets.json');
  const service = embedded.add(await createSecretsManager(embedded.aws, { file }));
  const caller = clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test');
  const client = new SecretsManagerClient({ ...caller, maxAttempts: 1 });
  return {
    embedded,
    service,
    client,
    file,
    write: (content, mode = 0o600) => {
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      chmodSync(file, mode);
    },
    destroy: async () => {
      client.destroy();
      await embedded.destroy();
    },
  };
}
