import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHarness, type Harness } from './harness.ts';

const run = promisify(execFile);

let harness: Harness;
beforeAll(async () => {
  harness = await bootHarness();
});
afterAll(() => harness.close());

const createKey = (...flags: string[]) =>
  run(process.execPath, ['--import', 'tsx', 'scripts/create-api-key.ts', ...flags]);

it('issues a key that opens the door for its tenant, and for no other', async () => {
  const id = await harness.shell('echo mine');

  const { stdout } = await createKey('--tenant', 'newcomer', '--local', harness.folder);

  const headers = { 'x-api-key': stdout.trim() };
  const foreign = await harness.call('GET', `/dispatch/${id}`, undefined, headers);
  const own = await harness.call('POST', '/dispatch', { agent: 'shell', task: 'true' }, headers);
  expect([foreign.status, own.status]).toEqual([404, 202]);
});

it('refuses a tenant that can be none, and says what one is', async () => {
  const failure: unknown = await createKey('--tenant', 'Not/One').catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('must be 1-63 lower-case') });
});

it('says what is missing where no deployment can be reached', async () => {
  const failure: unknown = await createKey('--tenant', 'acme', '--local', '/nowhere').catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('/nowhere') });
});

it('does not take a limit for a tenant that exists, and says which it has', async () => {
  await createKey('--tenant', 'limited', '--max-concurrent', '3', '--local', harness.folder);

  const again = createKey('--tenant', 'limited', '--max-concurrent', '5', '--local', harness.folder);

  await expect(again).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('may run 3 dispatches at once'),
  });
});
