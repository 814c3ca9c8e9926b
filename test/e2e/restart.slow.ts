import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { bootHarness, caller, eventually, processesMentioning } from './harness.ts';

const Connection = z.object({ baseUrl: z.string(), apiKey: z.string(), tenantId: z.string() });
const LONG_TASK = 'echo before > before.txt; echo begun; sleep 300';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

it('settles a dispatch whose execution is stopped by hand, as failed and with its output', async () => {
  const harness = await bootHarness();
  cleanUps.push(harness.close);
  const id = await harness.shell(LONG_TASK);
  await begun(harness.call, id);
  const { body } = await harness.call('GET', `/dispatch/${id}/trace`);

  const { operator } = harness.outpost.aws;
  await new SFNClient(operator).send(new StopExecutionCommand({ executionArn: body.data.executionArn }));

  expect(await harness.ended(id, 10_000)).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('stopped'),
  });
  const artifacts = await harness.call('GET', `/artifacts/${id}`);
  expect(artifacts.body.data.files.map(({ path }: { path: string }) => path)).toEqual(['before.txt']);
});

it('settles what ran when everything was killed, within 10 s of the next boot, and leaves no process behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outpost-restart-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const first = await startServer(folder);
  const id = await submit(first.call);
  await eventually(
    () => first.call('GET', `/dispatch/${id}`),
    ({ body }) => body.data.status === 'running',
    20_000,
  );

  first.process.kill('SIGKILL');
  await gone(first.process);
  const second = await bootHarness({ folder });
  cleanUps.push(second.close);

  expect(await second.ended(id, 10_000)).toMatchObject({ status: 'failed' });
  const trace = await second.call('GET', `/dispatch/${id}/trace`);
  expect(trace.body.data.status).toBe('aborted');
  expect(processesMentioning(id)).toEqual([]);
});

it('stops everything on Ctrl-C within 10 s, leaves no process behind, and keeps what a stubborn agent wrote', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outpost-interrupt-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const server = await startServer(folder);
  const id = await submit(server.call, `trap '' TERM; ${LONG_TASK}`);
  await begun(server.call, id);
  const asked = performance.now();

  server.process.kill('SIGINT');
  const code = await gone(server.process);

  expect(code).toBe(0);
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(processesMentioning(folder)).toEqual([]);
  const again = await bootHarness({ folder });
  cleanUps.push(again.close);
  expect(await again.ended(id)).toMatchObject({ status: 'failed', output: { fileCount: 1 } });
});

/** Waits until the agent says that it has begun. */
async function begun(call: ReturnType<typeof caller>, id: string): Promise<void> {
  const log = () => call('GET', `/dispatch/${id}?logs=10`);
  await eventually(log, ({ body }) => JSON.stringify(body.data.logs).includes('begun'), 20_000);
}

async function submit(call: ReturnType<typeof caller>, task = LONG_TASK): Promise<string> {
  const { body } = await call('POST', '/dispatch', { agent: 'shell', task });
  return body.data.dispatchId;
}

async function startServer(folder: string): Promise<{ process: ChildProcess; call: ReturnType<typeof caller> }> {
  const server = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', '--port', '0', '--data', folder], {
    stdio: 'ignore',
  });
  cleanUps.push(async () => server.kill('SIGKILL'));
  const file = join(folder, 'connection.json');
  const connection = await eventually(
    () => readFile(file, 'utf8').then(JSON.parse, () => undefined),
    (content) => content !== undefined,
    60_000,
  );
  return { process: server, call: caller(Connection.parse(connection)) };
}

function gone(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
    child.once('exit', resolve);
  });
}
