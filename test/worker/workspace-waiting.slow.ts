import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GitServer } from './git-in-test.ts';
import { until, type WorkerRun } from './worker-in-test.ts';
import { openWorkspaces, type WorkspacesInTest } from './workspaces-in-test.ts';

let world: WorkspacesInTest;
let server: GitServer;

beforeAll(async () => {
  world = await openWorkspaces();
  server = await world.serve();
});
afterAll(() => world.close());

/** A dispatch of a tenant that is called like the repository. */
function begin(name: string, task: string, spec: object = {}, leaseSeconds = 90): Promise<WorkerRun> {
  return world.run(server, `acme/${name}`, task, {
    spec: { tenantId: name, ...spec },
    environment: { WORKSPACE_LEASE_SECONDS: `${leaseSeconds}` },
  });
}

/** One that has the workspace until the file `go` is in it. */
async function holder(name: string, leaseSeconds?: number): Promise<WorkerRun> {
  const task = 'echo first > first; echo began; until [ -e go ]; do sleep 0.05; done; echo last >> first';
  const run = await begin(name, task, {}, leaseSeconds);
  await run.said('began');
  return run;
}

function letGo(name: string): void {
  writeFileSync(join(world.workspace(`acme/${name}`, name), 'go'), '');
}

async function waitsFor(run: WorkerRun): Promise<unknown> {
  await until(async () => (await world.worker.dispatches.get(run.dispatchId))?.waitingFor !== undefined);
  return (await world.worker.dispatches.get(run.dispatchId))?.waitingFor;
}

describe.concurrent('a dispatch whose workspace another one has', () => {
  it('says what it waits for, and then finds what the other has left', async () => {
    world.repository('queue', { 'a.txt': 'a\n' });
    const first = await holder('queue');
    const second = await begin('queue', 'cat first');

    const waitingFor = await waitsFor(second);
    letGo('queue');
    const ends = await Promise.all([first.ended, second.ended]);

    expect(waitingFor).toEqual({ workspace: 'acme/queue', dispatchId: first.dispatchId });
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(ends[1]?.stdout).toContain(
      `Waits for the workspace acme/queue, which the dispatch ${first.dispatchId} has.`,
    );
    expect(ends[1]?.stdout).toContain('first\nlast\n');
    expect(await world.worker.dispatches.get(second.dispatchId)).not.toHaveProperty('waitingFor');
  });

  it('ends at once where it is to stop, and its agent never runs', async () => {
    world.repository('stopped', { 'a.txt': 'a\n' });
    const first = await holder('stopped');
    const second = await begin('stopped', 'echo ran > ran');
    await waitsFor(second);

    second.process.kill('SIGTERM');
    const { exitCode } = await second.ended;
    const firstLives = first.process.exitCode === null;
    letGo('stopped');
    await first.ended;

    expect([exitCode, firstLives]).toEqual([143, true]);
    expect(await second.result()).toMatchObject({ endedBy: 'stop' });
    expect(existsSync(join(world.workspace('acme/stopped', 'stopped'), 'ran'))).toBe(false);
  });

  it('runs out of its time while it waits, and says for what', async () => {
    world.repository('late', { 'a.txt': 'a\n' });
    const first = await holder('late');
    const second = await begin('late', 'echo ran > ran', { timeoutSeconds: 2 });

    const { exitCode } = await second.ended;
    letGo('late');
    await first.ended;

    expect(exitCode).toBe(124);
    expect(await second.result()).toMatchObject({
      endedBy: 'timeout',
      reason: `The agent did not finish within its 2 seconds: it waited for the workspace acme/late, which the dispatch ${first.dispatchId} has.`,
    });
    expect(await second.objects()).toContain('manifest.json');
  });

  it('begins when the lease of one that was killed has run out', async () => {
    world.repository('killed', { 'a.txt': 'a\n' });
    const first = await begin(
      'killed',
      'echo first > first; echo began; until [ -e over ]; do sleep 0.05; done',
      {},
      6,
    );
    await first.said('began');
    const second = await begin('killed', 'cat first; touch over', {}, 6);
    await waitsFor(second);

    first.process.kill('SIGKILL');
    const { exitCode, stdout } = await second.ended;

    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('first\n') });
    expect(stdout).toContain(first.dispatchId);
  });

  it('is not the one whose lease was taken from it: that one is stopped first', async () => {
    world.repository('robbed', { 'a.txt': 'a\n' });
    const first = await holder('robbed', 20);
    const ref = { userId: 'robbed', workspaceId: 'acme/robbed' };

    // As if its renewals had not come through for as long as a lease holds.
    const far = Date.now() + 3_600_000;
    await world.store.take(ref, { heldBy: 'another', heldUntil: far }, far);
    const { exitCode } = await first.ended;

    expect(exitCode).toBe(1);
    expect(await first.result()).toMatchObject({
      endedBy: 'worker',
      reason: expect.stringContaining('could not keep the workspace acme/robbed for itself'),
    });
    expect((await world.store.get(ref))?.heldBy).toBe('another');
  });

  it('does not wait for one in another workspace of the tenant', async () => {
    world.repository('apart', { 'a.txt': 'a\n' });
    world.repository('besides', { 'b.txt': 'b\n' });
    const hold = { heldBy: 'another', heldUntil: Date.now() + 3_600_000 };
    await world.store.take({ userId: 'apart', workspaceId: 'acme/apart' }, hold, 0);

    const run = await world.run(server, 'acme/besides', 'cat b.txt', { spec: { tenantId: 'apart' } });
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(0);
  });
});

describe.runIf(process.getuid?.() === 0)('where the worker is root', () => {
  it('an agent runs as its tenant, and finds nothing of another tenant', async () => {
    world.repository('shared', { 'a.txt': 'a\n' });
    const spy = async (tenantId: string, task: string) => {
      const run = await world.run(server, 'acme/shared', task, { spec: { tenantId } });
      return (await run.ended).stdout;
    };
    await spy('victim', 'echo canary > canary; chmod 666 canary; id -u');
    const victims = world.workspace('acme/shared', 'victim');

    const log = await spy(
      'spy',
      `id -u; cat ${victims}/canary; ls ${world.folder}/users; ls -la ${victims}; echo x > ${victims}/planted; ln -s ${victims} link; cat link/canary; cat canary`,
    );

    expect(readFileSync(join(victims, 'canary'), 'utf8')).toBe('canary\n');
    expect(log).not.toContain('canary\n');
    expect(existsSync(join(victims, 'planted'))).toBe(false);
    expect(log).toMatch(/^\d{6,}$/m);
    expect(log).toContain('Permission denied');
  });

  it('a tenant that leads its workspace elsewhere by a link leads nobody there', async () => {
    world.repository('linked', { 'a.txt': 'a\n' });
    const other = world.workspace('acme/linked', 'linked');
    const first = await begin('linked', `cd ..; mv linked moved; ln -s /etc linked`);
    await first.ended;

    const second = await begin('linked', 'echo ran');
    const { exitCode } = await second.ended;

    expect(exitCode).toBe(1);
    expect((await second.result()).reason).toContain(`${other} is a link`);
    expect((await second.manifest()).files.map(({ path }) => path)).not.toContain('passwd');
  });
});
