import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);

/** What is left of an Outpost that has been stopped: nobody listens on port 1. */
const STALE = {
  baseUrl: 'http://127.0.0.1:1',
  apiKey: 'op_live_x',
  tenantId: 'local',
  aws: { endpoint: 'http://127.0.0.1:1', region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 's' },
};

const failureOf = (args: readonly string[]) =>
  run(process.execPath, ['--import', 'tsx', ...args], {
    env: { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' },
  }).catch((error: unknown) => error);

it.each([
  ['scripts/replay.ts', '--since', '1h'],
  ['scripts/redrive.ts', '--queue', 'replay'],
])('%s says to start an Outpost that has been stopped', async (...args) => {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-stale-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'connection.json'), JSON.stringify(STALE));

  const failure = await failureOf([...args, '--local', folder]);

  expect(failure).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^\w+: nobody answers at http:\/\/127\.0\.0\.1:1: start Outpost first.*\n$/),
  });
});

it('names the variable that is missing, and --local', async () => {
  const failure = await failureOf(['scripts/replay.ts', '--since', '1h']);

  expect(failure).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^replay: AWS_REGION is not set\. .*--local/),
  });
});

it('refuses a span that ends before it begins', async () => {
  const failure = await failureOf(['scripts/replay.ts', '--since', '1h', '--until', '2h']);

  expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining('--until is before --since') });
});
