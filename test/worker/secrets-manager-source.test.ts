import { type SecretsManagerClient, SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretsManagerSource } from '../../worker/secrets/secrets-manager-source.ts';
import { type SecretsStand, startSecretsManager } from '../local/secretsmanager/secretsmanager-stand.ts';

let stand: SecretsStand;
let said: string[];
beforeEach(async () => {
  stand = await startSecretsManager();
  said = [];
});
afterEach(() => stand.destroy());

const OF_ACME = { tenantId: 'acme', agent: 'claude', names: [] } as const;

function source(settings: Record<string, string> = {}, client: Pick<SecretsManagerClient, 'send'> = stand.client) {
  return new SecretsManagerSource({ client, folder: '/outpost', settings, say: (line) => said.push(line) });
}

/** Secrets Manager that answers each read so. */
function answering(answer: () => unknown): Pick<SecretsManagerClient, 'send'> {
  return { send: async () => answer() } as unknown as Pick<SecretsManagerClient, 'send'>;
}

const failure = (name: string) =>
  new SecretsManagerServiceException({ name, message: 'No.', $fault: 'client', $metadata: {} });

describe('the keys of an agent', () => {
  it('are the platform’s, where the tenant has none', async () => {
    stand.write({ '/outpost/system/ANTHROPIC_API_KEY': 'sk-platform', '/outpost/system/OPENAI_API_KEY': 'sk-other' });

    const values = await source().values(OF_ACME);

    expect(values).toEqual({ ANTHROPIC_API_KEY: 'sk-platform' });
  });

  it('are the tenant’s own, where it has them', async () => {
    stand.write({
      '/outpost/system/ANTHROPIC_API_KEY': 'sk-platform',
      '/outpost/users/acme/ANTHROPIC_API_KEY': 'sk-own',
    });

    const values = await Promise.all([source().values(OF_ACME), source().values({ ...OF_ACME, tenantId: 'other' })]);

    expect(values).toEqual([{ ANTHROPIC_API_KEY: 'sk-own' }, { ANTHROPIC_API_KEY: 'sk-platform' }]);
  });

  it('are all that are there, for an agent that calls the models of many', async () => {
    stand.write({ '/outpost/system/DEEPSEEK_API_KEY': 'sk-1', '/outpost/users/acme/XAI_API_KEY': 'sk-2' });

    const values = await source().values({ ...OF_ACME, agent: 'aider' });

    expect(values).toEqual({ DEEPSEEK_API_KEY: 'sk-1', XAI_API_KEY: 'sk-2' });
    expect(said).toEqual([]);
  });

  it('are Bedrock’s, where the deployment says so', async () => {
    stand.write({ '/outpost/system/ANTHROPIC_API_KEY': 'sk-1', '/outpost/system/AWS_BEARER_TOKEN_BEDROCK': 'bedrock' });

    const values = await source({ CLAUDE_CODE_USE_BEDROCK: '1' }).values(OF_ACME);

    expect(values).toEqual({ AWS_BEARER_TOKEN_BEDROCK: 'bedrock' });
  });

  it('lose the newline that they were pasted with', async () => {
    stand.write({ '/outpost/system/ANTHROPIC_API_KEY': ' sk-1\n' });

    const values = await source().values(OF_ACME);

    expect(values).toEqual({ ANTHROPIC_API_KEY: 'sk-1' });
  });

  it('may be missing, which is told and fails nothing: a gateway may want none', async () => {
    const values = await source().values(OF_ACME);

    expect(values).toEqual({});
    expect(source().lackOf(OF_ACME, values)).toBe(
      'claude has no key: there is no ANTHROPIC_API_KEY under /outpost/users/acme/ and /outpost/system/.',
    );
  });

  it.each([
    ['has its key', OF_ACME, { ANTHROPIC_API_KEY: 'sk-1' }],
    ['takes none', { ...OF_ACME, agent: 'shell' }, {}],
  ] as const)('are not missed by an agent that %s', (_what, request, values) => {
    expect(source().lackOf(request, values)).toBeUndefined();
  });

  it('are not asked for by an agent without a model', async () => {
    stand.write({ '/outpost/system/ANTHROPIC_API_KEY': 'sk-platform', '/outpost/system/GITHUB_PAT': 'ghp' });

    const values = await source().values({ ...OF_ACME, agent: 'shell' });

    expect([values, said]).toEqual([{}, []]);
  });
});

describe('the secrets that a dispatch asks for', () => {
  it('are its own tenant’s, as they are', async () => {
    stand.write({ '/outpost/users/acme/PEM': '-----BEGIN…\n', '/outpost/users/acme/NOT_ASKED_FOR': 'x' });

    const values = await source().values({ ...OF_ACME, agent: 'shell', names: ['PEM'] });

    expect(values).toEqual({ PEM: '-----BEGIN…\n' });
  });

  it('are neither the platform’s nor another tenant’s', async () => {
    stand.write({
      '/outpost/system/ANTHROPIC_API_KEY': 'sk-platform',
      '/outpost/system/GITHUB_PAT': 'ghp_platform',
      '/outpost/users/other/STRIPE_KEY': 'sk-other',
    });
    const names = ['ANTHROPIC_API_KEY', 'GITHUB_PAT', 'STRIPE_KEY'];

    const asked = source().values({ ...OF_ACME, names });

    await expect(asked).rejects.toThrow(
      'The dispatch asks for secrets that are not in Secrets Manager: /outpost/users/acme/ANTHROPIC_API_KEY, /outpost/users/acme/GITHUB_PAT, /outpost/users/acme/STRIPE_KEY.',
    );
  });

  it('may be a key of its agent, too', async () => {
    stand.write({ '/outpost/users/acme/ANTHROPIC_API_KEY': 'sk-own' });

    const values = await source().values({ ...OF_ACME, names: ['ANTHROPIC_API_KEY'] });

    expect([values, said]).toEqual([{ ANTHROPIC_API_KEY: 'sk-own' }, []]);
  });

  it('must be texts that a variable can hold', async () => {
    stand.write({ '/outpost/users/acme/A': 'hush\0hush' });

    const asked = await source()
      .values({ ...OF_ACME, names: ['A'] })
      .catch((error: unknown) => String(error));

    expect(asked).toBe('SecretError: The secret /outpost/users/acme/A holds a NUL character: no variable can.');
  });

  it('must not be binary', async () => {
    const client = answering(() => ({ SecretBinary: Buffer.from('x') }));

    const asked = source({}, client).values({ ...OF_ACME, agent: 'shell', names: ['A'] });

    await expect(asked).rejects.toThrow('The secret /outpost/users/acme/A is binary: a variable takes text.');
  });
});

describe('the token for repositories', () => {
  it('is the tenant’s own, or else the platform’s, or none', async () => {
    const none = await source().repositoryToken(OF_ACME);
    stand.write({ '/outpost/system/GITHUB_PAT': 'ghp_platform' });
    const platform = await source().repositoryToken(OF_ACME);
    stand.write({ '/outpost/system/GITHUB_PAT': 'ghp_platform', '/outpost/users/acme/GITHUB_PAT': 'ghp_own' });
    const own = await source().repositoryToken(OF_ACME);

    expect([none, platform, own]).toEqual([undefined, 'ghp_platform', 'ghp_own']);
  });
});

describe('what Secrets Manager refuses', () => {
  it.each(['AccessDeniedException', 'InvalidRequestException'])('counts as missing, and is said: %s', async (name) => {
    const client = answering(() => Promise.reject(failure(name)));

    const token = await source({}, client).repositoryToken(OF_ACME);

    expect(token).toBeUndefined();
    expect(said).toEqual([
      `The secret /outpost/users/acme/GITHUB_PAT counts as missing: ${name}.`,
      `The secret /outpost/system/GITHUB_PAT counts as missing: ${name}.`,
    ]);
  });

  it.each(['ThrottlingException', 'DecryptionFailure', 'InternalServiceError'])(
    'for a while fails the attempt, in words that name the secret: %s',
    async (name) => {
      const client = answering(() => Promise.reject(failure(name)));

      const asked = source({}, client).values(OF_ACME);

      await expect(asked).rejects.toThrow('The secret /outpost/users/acme/ANTHROPIC_API_KEY cannot be read: No.');
    },
  );
});
