import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Variables } from '../../core/agent-variables.ts';
import type { AgentName } from '../../core/agents.ts';
import { keysOf, REPOSITORY_TOKEN, type SystemSecret, systemSecretId, tenantSecretId } from '../../core/secrets.ts';
import { wordsOf } from '../error-words.ts';
import type { SecretRequest, SecretSource } from './secret-source.ts';

export interface SecretsManagerOptions {
  readonly client: Pick<SecretsManagerClient, 'send'>;
  /** What the names of this deployment's secrets begin with, like `/outpost`. */
  readonly folder: string;
  /** The variables that the deployment gives the agent: they tell which key it needs. */
  readonly settings: Variables;
  /** Notes for who reads the worker's log. */
  readonly say: (line: string) => void;
}

/** A secret cannot be had. Its message names it, and holds nothing of its value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/** What Secrets Manager says of a secret that is not there, is to be deleted, or that we may not read. */
const ABSENT = ['ResourceNotFoundException', 'InvalidRequestException', 'AccessDeniedException'];

/** Secrets from AWS Secrets Manager: the tenant's own under `users/<tenant>`, the platform's under `system`. */
export class SecretsManagerSource implements SecretSource {
  constructor(private readonly options: SecretsManagerOptions) {}

  async values({ tenantId, agent, names }: SecretRequest): Promise<Readonly<Record<string, string>>> {
    const keys = this.keysFor(agent).filter((key) => !names.includes(key));
    const [own, asked] = await Promise.all([this.keys(tenantId, keys), this.asked(tenantId, names)]);
    return { ...own, ...asked };
  }

  lackOf({ tenantId, agent }: SecretRequest, values: Readonly<Record<string, string>>): string | undefined {
    const keys = this.keysFor(agent);
    if (keys.length === 0 || keys.some((key) => key in values)) return undefined;
    const { folder } = this.options;
    const places = `${folder}/users/${tenantId}/ and ${folder}/system/`;
    return `${agent} has no key: there is no ${keys.join(' or ')} under ${places}.`;
  }

  async repositoryToken({ tenantId }: Pick<SecretRequest, 'tenantId'>): Promise<string | undefined> {
    return this.key(tenantId, REPOSITORY_TOKEN);
  }

  private keysFor(agent: AgentName): readonly SystemSecret[] {
    return keysOf(agent, this.options.settings);
  }

  private async keys(tenantId: string, names: readonly SystemSecret[]): Promise<Record<string, string>> {
    const found = await Promise.all(names.map(async (name) => [name, await this.key(tenantId, name)] as const));
    return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  }

  /** The tenant's own, or else the platform's. Keys are pasted with spaces and newlines around them, and hold none. */
  private async key(tenantId: string, name: SystemSecret): Promise<string | undefined> {
    const { folder } = this.options;
    const own = await this.read(tenantSecretId(folder, tenantId, name));
    return (own ?? (await this.read(systemSecretId(folder, name))))?.trim();
  }

  /** The tenant's own alone, as they are. */
  private async asked(tenantId: string, names: readonly string[]): Promise<Record<string, string>> {
    const { folder } = this.options;
    const ids = names.map((name) => ({ name, id: tenantSecretId(folder, tenantId, name) }));
    const found = await Promise.all(ids.map(async ({ name, id }) => ({ name, id, value: await this.read(id) })));
    const missing = found.filter(({ value }) => value === undefined).map(({ id }) => id);
    if (missing.length > 0) {
      throw new SecretError(`The dispatch asks for secrets that are not in Secrets Manager: ${missing.join(', ')}.`);
    }
    return Object.fromEntries(found.map(({ name, value = '' }) => [name, value]));
  }

  private async read(id: string): Promise<string | undefined> {
    const value = await this.ask(id);
    // Node quotes a variable that it cannot hand to a program.
    if (value?.includes('\0')) throw new SecretError(`The secret ${id} holds a NUL character: no variable can.`);
    return value;
  }

  private async ask(id: string): Promise<string | undefined> {
    try {
      const { SecretString } = await this.options.client.send(new GetSecretValueCommand({ SecretId: id }));
      if (SecretString !== undefined) return SecretString;
    } catch (cause) {
      const { name } = cause as Error;
      if (!ABSENT.includes(name))
        throw new SecretError(`The secret ${id} cannot be read: ${wordsOf(cause)}`, { cause });
      // AWS denies what is not there to whoever may not read what is called so; it may also be there, and locked.
      if (name !== 'ResourceNotFoundException') this.options.say(`The secret ${id} counts as missing: ${name}.`);
      return undefined;
    }
    throw new SecretError(`The secret ${id} is binary: a variable takes text.`);
  }
}
