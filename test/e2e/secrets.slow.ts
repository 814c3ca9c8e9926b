import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootHarness, type Harness } from './harness.ts';

const SECRETS = {
  '/outpost/system/ANTHROPIC_API_KEY': 'sk-of-the-platform',
  '/outpost/users/local/STRIPE_KEY': 'sk-of-this-tenant',
  '/outpost/users/other/STRIPE_KEY': 'sk-of-another-tenant',
  '/outpost/users/other/THEIRS': 'theirs-alone',
};
const DIGEST = createHash('sha256').update(SECRETS['/outpost/users/local/STRIPE_KEY']).digest('hex');

let harness: Harness;
beforeAll(async () => {
  harness = await bootHarness();
  write(SECRETS, 0o600);
});
afterAll(() => harness.close());

function write(secrets: object, mode: number): void {
  const file = join(harness.folder, 'secrets.json');
  writeFileSync(file, JSON.stringify(secrets));
  chmodSync(file, mode);
}

async function logOf(id: string): Promise<string> {
  const { body } = await harness.call('GET', `/dispatch/${id}?logs=100`);
  return JSON.stringify(body.data.logs);
}

describe.concurrent('the secrets of a dispatch', () => {
  it('are in its agent’s environment, and not in its log', async () => {
    const task = 'printf %s "$STRIPE_KEY" | sha256sum; echo "It is $STRIPE_KEY."; env';

    const id = await harness.shell(task, { additionalSecrets: ['STRIPE_KEY'] });

    expect(await harness.ended(id)).toMatchObject({ status: 'success' });
    const log = await logOf(id);
    expect(log).toContain(DIGEST);
    expect(log).toContain('It is [redacted:STRIPE_KEY].');
    expect(log).not.toContain('sk-of-');
    expect(log).not.toMatch(/AWS_|SECRETS_FOLDER/);
  });

  it('are none that it does not ask for', async () => {
    const id = await harness.shell('env | grep -c "STRIPE_KEY\\|ANTHROPIC_API_KEY" || echo none');

    await harness.ended(id);

    expect(await logOf(id)).toContain('none');
  });

  it.each([
    ['another tenant’s', 'THEIRS'],
    ['the platform’s', 'ANTHROPIC_API_KEY'],
    ['missing', 'NOBODYS'],
  ])('cannot be %s: the dispatch fails before its agent begins', async (_, name) => {
    const id = await harness.shell('echo "the agent has begun"', { additionalSecrets: [name] });

    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'failed', reason: expect.stringContaining(`/outpost/users/local/${name}`) });
    expect(await logOf(id)).not.toContain('the agent has begun');
  });

  it.each(['PATH', 'LD_PRELOAD', 'AWS_SESSION_TOKEN', 'OUTPOST_ATTEMPT', '../other/THEIRS'])(
    'cannot be called what decides how programs run, or a path: %s',
    async (name) => {
      const { status, body } = await harness.call('POST', '/dispatch', {
        agent: 'shell',
        task: 'env',
        additionalSecrets: [name],
      });

      expect([status, body.error.details[0].path]).toEqual([400, 'additionalSecrets.0']);
    },
  );
});

describe('the file of secrets', () => {
  it('is read for each dispatch', async () => {
    write({ ...SECRETS, '/outpost/users/local/STRIPE_KEY': 'changed-since' }, 0o600);

    const id = await harness.shell('[ "$STRIPE_KEY" = changed-since ]', { additionalSecrets: ['STRIPE_KEY'] });

    expect(await harness.ended(id)).toMatchObject({ status: 'success' });
  });

  it('is refused where others can read it, in words that say what to do', async () => {
    write(SECRETS, 0o644);

    const id = await harness.shell('env', { additionalSecrets: ['STRIPE_KEY'] });

    expect(await harness.ended(id)).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/is open to others \(mode 0644\)\. Run: chmod 600 /),
    });
  });
});
