import { readFileSync, statSync } from 'node:fs';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SecretsStand, startSecretsManager } from './secretsmanager-stand.ts';

const NAME = '/outpost/system/ANTHROPIC_API_KEY';

let stand: SecretsStand;
beforeEach(async () => {
  stand = await startSecretsManager();
});
afterEach(() => stand.destroy());

const get = (SecretId: string, more: object = {}) =>
  stand.client.send(new GetSecretValueCommand({ SecretId, ...more }));
const list = async (input: object = {}) => {
  const { SecretList = [], NextToken } = await stand.client.send(new ListSecretsCommand(input));
  return { names: SecretList.map(({ Name }) => Name), NextToken };
};

describe('reading a secret', () => {
  it('gives the value that the file holds, with ARN, version and date as Secrets Manager has them', async () => {
    stand.write({ [NAME]: 'sk-1' });

    const secret = await get(NAME);

    expect(secret).toMatchObject({
      Name: NAME,
      SecretString: 'sk-1',
      VersionStages: ['AWSCURRENT'],
      ARN: expect.stringMatching(
        /^arn:aws:secretsmanager:us-east-1:000000000000:secret:\/outpost\/system\/ANTHROPIC_API_KEY-[A-Za-z0-9]{6}$/,
      ),
      VersionId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    });
    expect(Math.abs(Date.now() - (secret.CreatedDate?.getTime() ?? 0))).toBeLessThan(60_000);
  });

  it('finds it by its ARN, whole or without the six characters at its end', async () => {
    stand.write({ [NAME]: 'sk-1' });
    const { ARN = '' } = await get(NAME);

    const found = await Promise.all([get(ARN), get(ARN.slice(0, -7))]);

    expect(found.map(({ SecretString }) => SecretString)).toEqual(['sk-1', 'sk-1']);
  });

  it('sees a change of the file at once', async () => {
    stand.write({ [NAME]: 'sk-1' });
    const before = await get(NAME);
    stand.write({ [NAME]: 'sk-2' });

    const after = await get(NAME);

    expect(after.SecretString).toBe('sk-2');
    expect(after.ARN).toBe(before.ARN);
    expect(after.VersionId).not.toBe(before.VersionId);
  });

  it.each([
    ['a secret that is not in the file', { SecretId: '/outpost/system/OTHER' }],
    ['a member of every object', { SecretId: 'constructor' }],
    ['a version that is gone', { SecretId: NAME, VersionId: '0'.repeat(32) }],
    ['a stage that there is not', { SecretId: NAME, VersionStage: 'AWSPREVIOUS' }],
  ])('does not find %s', async (_, { SecretId, ...more }) => {
    stand.write({ [NAME]: 'sk-1' });

    await expect(get(SecretId, more)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('finds nothing where there is no file', async () => {
    await expect(get(NAME)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(stand.service.verify?.()).resolves.toBeUndefined();
  });
});

describe('a file that cannot be used', () => {
  it.each([0o644, 0o640, 0o604, 0o620])('is one that is open to others: mode %o', async (mode) => {
    stand.write({ [NAME]: 'sk-1' }, mode);

    const refused = await get(NAME).catch((error: unknown) => error);

    expect(refused).toMatchObject({ name: 'InternalServiceError' });
    expect(String(refused)).toContain(`is open to others (mode 0${mode.toString(8)}). Run: chmod 600 ${stand.file}`);
  });

  it.each([
    ['no JSON', '{"A": "hush-hush', 'is not valid JSON'],
    ['a list', ['hush-hush'], 'it is to hold { "<name>": "<value>", … }'],
    ['a value that is no text', { A: { key: 'hush-hush' } }, "'A' must be a text"],
    ['an empty value', { A: '' }, "'A' is empty"],
    ['a name with a space', { 'A B': 'hush-hush' }, "'A B' is no name of a secret"],
    ['a value that is too long', { A: 'hush-hush'.repeat(10_000) }, "'A' is longer than 65536 bytes"],
  ])('is one with %s, and no message quotes it', async (_, content, says) => {
    stand.write(content);

    const refused = String(await get('A').catch((error: unknown) => error));

    expect(refused).toContain(says);
    expect([refused, ...stand.embedded.lines].join('\n')).not.toContain('hush-hush');
  });

  it('ends the boot, in words for who can put it right', async () => {
    stand.write('{}', 0o644);

    await expect(stand.service.verify?.()).rejects.toThrow(`Run: chmod 600 ${stand.file}`);
  });
});

describe('writing a secret', () => {
  it('creates the file for its owner alone', async () => {
    await stand.client.send(new CreateSecretCommand({ Name: NAME, SecretString: 'sk-1' }));

    expect(statSync(stand.file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(stand.file, 'utf8'))).toEqual({ [NAME]: 'sk-1' });
  });

  it('leaves the others as they are', async () => {
    stand.write({ [NAME]: 'sk-1', other: 'x' });
    const put = new PutSecretValueCommand({ SecretId: NAME, SecretString: 'sk-2' });

    const { VersionId } = await stand.client.send(put);

    expect(JSON.parse(readFileSync(stand.file, 'utf8'))).toEqual({ [NAME]: 'sk-2', other: 'x' });
    expect((await get(NAME)).VersionId).toBe(VersionId);
  });

  it('refuses to create one that is there with another value, and to change one that is not there', async () => {
    stand.write({ [NAME]: 'sk-1' });
    const create = (SecretString: string) => stand.client.send(new CreateSecretCommand({ Name: NAME, SecretString }));

    await expect(create('sk-1')).resolves.toMatchObject({ Name: NAME });
    await expect(create('sk-2')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    await expect(
      stand.client.send(new PutSecretValueCommand({ SecretId: 'other', SecretString: 'x' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it.each([
    ['a name that Secrets Manager does not take', { Name: 'a b', SecretString: 'x' }, "'a b' is no name of a secret"],
    ['what it does not understand', { Name: 'a', SecretString: 'x', KmsKeyId: 'k' }, 'does not know KmsKeyId'],
    ['a secret that is no text', { Name: 'a', SecretBinary: Buffer.from('x') }, 'SecretString'],
  ])('refuses %s', async (_, input, says) => {
    const created = stand.client.send(new CreateSecretCommand(input));

    await expect(created).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(says),
    });
  });
});

describe('listing secrets', () => {
  it('goes page by page, and tells names without values', async () => {
    stand.write({ a: 'hush-hush', b: 'hush-hush', c: 'hush-hush' });

    const first = await list({ MaxResults: 2 });
    const second = await list({ MaxResults: 2, NextToken: first.NextToken });

    expect([first.names, second.names, second.NextToken]).toEqual([['a', 'b'], ['c'], undefined]);
    expect(JSON.stringify(await stand.client.send(new ListSecretsCommand()))).not.toContain('hush-hush');
  });
});

it('does not answer operations that nobody here uses', async () => {
  const described = stand.client.send(new DescribeSecretCommand({ SecretId: NAME }));

  await expect(described).rejects.toMatchObject({ name: 'UnknownOperationException' });
});
