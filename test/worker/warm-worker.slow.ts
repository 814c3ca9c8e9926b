import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_ARN } from '../lambdas/records.ts';
import { reportOf } from './slot-in-test.ts';
import { openWorker, type WorkerInTest } from './worker-in-test.ts';

let worker: WorkerInTest;

beforeAll(async () => {
  worker = await openWorker();
});
afterAll(() => worker.close());

describe.concurrent('the worker at a warm slot', () => {
  it('serves the dispatch that it is assigned, and exits as a cold one would', async () => {
    const run = await worker.wait('echo hello > file; echo "$OUTPOST_DISPATCH_ID"; exit 3');
    await run.is('WARM');

    await run.claim();
    await run.assign();
    const { exitCode, stdout, stderr } = await run.ended;
    const slot = await run.slot();

    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
    expect(stdout.split('\n')).toContain(run.dispatchId);
    expect((await run.manifest()).files.map(({ path }) => path)).toEqual(['file']);
    expect(slot).toMatchObject({ state: 'RUNNING', ackedBy: TASK_ARN });
    expect(await worker.dispatches.get(run.dispatchId)).toMatchObject({ status: 'RUNNING', slotId: slot?.slotId });
    expect(worker.tokens.reports.get(run.taskToken)).toEqual(reportOf(3));
    expect(worker.tokens.heartbeats.get(run.taskToken)).toBeGreaterThan(0);
  });

  it('gives the agent no trace of its slot, its token or the pool', async () => {
    const run = await worker.wait(
      'env; cat "/proc/$PPID/environ" 2> /dev/null | tr "\\0" "\\n" | grep -c SLOT || true',
    );
    await run.is('WARM');

    await run.claim();
    await run.assign();
    const { stdout } = await run.ended;

    const names = stdout.split('\n').map((line) => line.split('=')[0]);
    expect(names).toContain('OUTPOST_DISPATCH_ID');
    expect(names.filter((name) => /AWS|SLOT|POOL|TOKEN|ECS_CONTAINER/.test(name ?? ''))).toEqual([]);
  });

  it('runs nothing of a dispatch that was cancelled, and reports that it may not begin', async () => {
    const record = { cancelRequestedAt: '2026-03-01T12:00:00.000Z' };
    const run = await worker.wait('touch ran', { record });
    await run.is('WARM');

    await run.claim();
    await run.assign();
    const { exitCode } = await run.ended;

    expect({ exitCode, ran: existsSync(join(run.workspace, 'ran')) }).toEqual({ exitCode: 75, ran: false });
    expect(worker.tokens.reports.get(run.taskToken)).toEqual(reportOf(75));
  });

  it('runs nothing where Step Functions refuses its token', async () => {
    const run = await worker.wait('touch ran');
    await run.is('WARM');
    worker.tokens.close(run.taskToken);

    await run.claim();
    await run.assign();
    const { exitCode } = await run.ended;

    expect({ exitCode, ran: existsSync(join(run.workspace, 'ran')) }).toEqual({ exitCode: 75, ran: false });
    expect(await worker.dispatches.get(run.dispatchId)).toMatchObject({ status: 'PROVISIONING' });
  });

  it('drains its slot and exits 0 when its ECS task is stopped while it waits', async () => {
    const run = await worker.wait('true');
    await run.is('WARM');

    run.process.kill('SIGTERM');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(0);
    expect(await run.slot()).toMatchObject({ state: 'DRAINING' });
    expect(await run.objects()).toEqual([]);
  });

  it('saves the output and reports nothing when its ECS task is stopped while it serves', async () => {
    const run = await worker.wait('echo partial > file; echo ready; sleep 300');
    await run.is('WARM');
    await run.claim();
    await run.assign();
    await run.said('ready');

    run.process.kill('SIGTERM');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(143);
    expect((await run.manifest()).files.map(({ path }) => path)).toEqual(['file']);
    expect(worker.tokens.reports.has(run.taskToken)).toBe(false);
  });

  it('leaves nothing of its private folders on the machine', async () => {
    const run = await worker.wait('echo x > "$HOME/x"');
    await run.is('WARM');

    await run.claim();
    await run.assign();
    await run.ended;

    expect(readdirSync(join(worker.folder, 'tmp', run.dispatchId))).toEqual([]);
  });

  it('fails to boot where the image has no bash, and says so', async () => {
    const run = await worker.wait('true', { environment: { PATH: join(worker.folder, 'bin') } });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(127);
    expect(stdout).toContain('There is no program `bash` here.');
    expect(await run.slot()).toMatchObject({ state: 'BOOTING' });
  });
});

describe.concurrent('the environment of a worker', () => {
  it.each([
    { case: 'both a slot and a dispatch', changes: { DISPATCH_ID: '01J9ZK6W3N8R5T7V9X1Y3Z5A7B' }, says: 'both given' },
    { case: 'both a slot and an attempt', changes: { ATTEMPT: '1' }, says: 'both given' },
    {
      case: 'neither a slot nor a dispatch',
      changes: { SLOT_ID: '' },
      says: 'SLOT_ID or DISPATCH_ID with ATTEMPT is missing',
    },
    { case: 'a slot without its table', changes: { POOL_TABLE: '' }, says: 'POOL_TABLE is missing' },
    { case: 'a slot that is none', changes: { SLOT_ID: 'one' }, says: 'SLOT_ID: must be a ULID' },
  ])('is refused with $case', async ({ changes, says }) => {
    const run = await worker.wait('true', { environment: changes });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(65);
    expect(stdout).toContain(says);
  });
});
