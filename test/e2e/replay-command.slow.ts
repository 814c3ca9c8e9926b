import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHarness, type Harness } from './harness.ts';

const run = promisify(execFile);

let harness: Harness;
beforeAll(async () => {
  harness = await bootHarness();
});
afterAll(() => harness.close());

const replay = (...more: string[]) => {
  const flags = ['--since', '1h', '--local', harness.folder, ...more];
  return run(process.execPath, ['--import', 'tsx', 'scripts/replay.ts', ...flags]);
};
const endOf = (id: string, attempt: number) =>
  harness.when(id, (dispatch) => dispatch.attempt === attempt && dispatch.endedAt !== undefined);

it('replays what has failed, once, and neither what succeeded nor, the second time, what fails again', async () => {
  const mended = join(harness.folder, 'mended');
  const ids = [
    await harness.shell(`test -e '${mended}'`),
    await harness.shell('exit 3'),
    await harness.shell('echo fine'),
  ];
  const [mendable = '', broken = '', fine = ''] = ids;
  await Promise.all(ids.map((id) => harness.ended(id)));
  writeFileSync(mended, '');

  const listed = await replay('--dry-run');
  const done = await replay('--yes');
  const ended = [await endOf(mendable, 2), await endOf(broken, 2)];
  const again = await replay('--yes');

  expect(listed.stdout).toContain('2 dispatches to replay');
  expect(ids.filter((id) => listed.stdout.includes(id))).toEqual([mendable, broken]);
  expect(done.stdout).toContain('Begun: the next attempt of 2 dispatches');
  expect(ended.map(({ status }) => status)).toEqual(['success', 'failed']);
  expect(again.stdout).toMatch(/^0 dispatches to replay\nLeft out: 1 replayed before/);
  expect((await harness.call('GET', `/dispatch/${fine}`)).body.data.attempt).toBe(1);
});

it.each([
  [['--status', 'success'], '--include-success alone'],
  [[], 'say --yes, or --dry-run'],
  [['--prefix', 'nowhere'], 'there is no table nowhere-dispatches here'],
])('starts nothing with %j, and says why', async (flags, why) => {
  const failed = await harness.shell('exit 1');
  await harness.ended(failed);

  const failure: unknown = await replay(...flags).catch((error: unknown) => error);

  expect(failure).toMatchObject({ stderr: expect.stringContaining(why) });
  expect((await harness.call('GET', `/dispatch/${failed}`)).body.data.attempt).toBe(1);
});

it('says what to do where nothing serves from the folder', async () => {
  const failure: unknown = await run(process.execPath, [
    ...['--import', 'tsx', 'scripts/replay.ts', '--since', '1h', '--local', join(harness.folder, 'nothing')],
  ]).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('Start Outpost on it first') });
});
