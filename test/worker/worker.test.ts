import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIMEOUT_GRACE_MS } from '../../core/time-limits.ts';
import { NOW, TASK_ARN } from '../lambdas/records.ts';
import { isAlive } from './processes.ts';
import { openWorker, type WorkerInTest } from './worker-in-test.ts';

let worker: WorkerInTest;

beforeAll(async () => {
  worker = await openWorker();
});
afterAll(() => worker.close());

function pidsIn(path: string): number[] {
  return readFileSync(path, 'utf8').trim().split('\n').map(Number);
}

function unpack(name: string, archive: Buffer): string {
  const folder = join(worker.folder, `unpacked-${name}`);
  mkdirSync(folder);
  execFileSync('tar', ['xzf', '-', '-C', folder], { input: archive });
  return folder;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.concurrent('an agent that ends by itself', () => {
  it('leaves its output, with a manifest that names every byte of it', async () => {
    const run = await worker.run('mkdir -p deep/er && echo hello > deep/er/file && printf x > top && ln -s top link');

    const { exitCode, stderr } = await run.ended;
    const manifest = await run.manifest();
    const archive = await run.object('workspace.tar.gz');
    const folder = unpack(run.dispatchId, archive);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(await run.objects()).toEqual(['manifest.json', 'output.log', 'result.json', 'workspace.tar.gz']);
    expect(manifest.files).toEqual([
      { path: 'deep/er/file', type: 'file', size: 6, sha256: sha256(Buffer.from('hello\n')) },
      { path: 'link', type: 'link', size: 0, sha256: sha256(Buffer.from('top')) },
      { path: 'top', type: 'file', size: 1, sha256: sha256(Buffer.from('x')) },
    ]);
    for (const { name, size, sha256: hash } of manifest.objects) {
      const bytes = await run.object(name);
      expect({ name, size: bytes.length, hash: sha256(bytes) }).toEqual({ name, size, hash });
    }
    expect(readFileSync(join(folder, 'deep/er/file'), 'utf8')).toBe('hello\n');
    expect(await run.result()).toMatchObject({ endedBy: 'agent', exitCode: 0, startedAt: expect.any(String) });
  });

  it('is told in the log where its .outpostignore is not followed', async () => {
    const run = await worker.run('mkdir .outpostignore && echo x > kept');

    const { stdout } = await run.ended;

    expect(stdout).toContain('.outpostignore is not followed: it cannot be read as a file.');
  });

  it('is RUNNING under its ECS task from the fence on', async () => {
    const run = await worker.run('echo "$OUTPOST_DISPATCH_ID"');

    const { stdout } = await run.ended;
    const record = await worker.dispatches.get(run.dispatchId);

    expect(record).toMatchObject({ status: 'RUNNING', taskArn: TASK_ARN });
    expect(stdout.split('\n')).toContain(run.dispatchId);
  });

  it.each([
    { task: 'exit 3', container: 3, own: 3 },
    { task: '', container: 0, own: 0 },
    { task: 'exit 124', container: 1, own: 124 },
    { task: 'false | no-such-program | true; echo never', container: 1, own: 127 },
    { task: 'kill -9 $$', container: 137, own: 137 },
  ])('ends the container with $container for: $task', async ({ task, container, own }) => {
    const run = await worker.run(task);

    const { exitCode } = await run.ended;

    expect(exitCode).toBe(container);
    expect(await run.result()).toMatchObject({ endedBy: 'agent', exitCode: own });
    expect(await run.objects()).toContain('manifest.json');
  });

  it('gets its task unchanged, however long and odd it is', async () => {
    const words = `'"$(touch pwned)\`id\`\\\n\t é 😀 ${'€'.repeat(49_000)}`;
    const task = `cat <<'THE-END' > copy\n${words}\nTHE-END`;

    const run = await worker.run(task);
    await run.ended;
    const folder = unpack(run.dispatchId, await run.object('workspace.tar.gz'));

    expect(Buffer.byteLength(task)).toBeGreaterThan(128 * 1024);
    expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe(`${words}\n`);
    expect(readdirSync(folder)).toEqual(['copy']);
  });

  it('has an environment without a trace of AWS, ECS or the worker', async () => {
    const run = await worker.run(
      'env | cut -d= -f1 | sort > names; [ -d "$HOME" ] && [ -w "$TMPDIR" ] && read -r x || echo eof',
    );

    const { stdout } = await run.ended;
    const folder = unpack(run.dispatchId, await run.object('workspace.tar.gz'));

    const names = readFileSync(join(folder, 'names'), 'utf8').trim().split('\n');
    expect(names.filter((name) => !['_', 'PWD', 'OLDPWD', 'SHLVL'].includes(name))).toEqual([
      'HOME',
      'LANG',
      'LOGNAME',
      'OUTPOST_ATTEMPT',
      'OUTPOST_DISPATCH_ID',
      'PATH',
      'SHELL',
      'TERM',
      'TMPDIR',
      'USER',
    ]);
    expect(stdout).toContain('eof');
  });

  it('may leave thousands of files, and more than one part of an upload', async () => {
    const run = await worker.run(
      'head -c 20000000 /dev/urandom > random; sha256sum random > sum; mkdir many; touch many/{1..3000} "a\u2028b"',
    );

    const { exitCode } = await run.ended;
    const { files, objects } = await run.manifest();
    const archive = await run.object('workspace.tar.gz');
    const folder = unpack(run.dispatchId, archive);

    expect(exitCode).toBe(0);
    expect(files).toHaveLength(3_003);
    expect(objects[0]).toEqual({ name: 'workspace.tar.gz', size: archive.length, sha256: sha256(archive) });
    execFileSync('sha256sum', ['--check', '--quiet', 'sum'], { cwd: folder });
  });

  it('is heard on both of its outputs, line by line, also through /dev/stderr', async () => {
    const run = await worker.run('echo one; echo two >&2; echo three > /dev/stderr; printf "four\\xff"');

    const { stdout } = await run.ended;

    expect(
      stdout
        .split('\n')
        .filter((line) => !line.startsWith('[outpost]'))
        .sort(),
    ).toEqual(['', 'four\ufffd', 'one', 'three', 'two']);
    expect((await run.object('output.log')).includes(Buffer.from('four\xff', 'latin1'))).toBe(true);
  });

  it('has its output saved where nobody reads the container log', async () => {
    const run = await worker.run('echo ready; cat; for i in {1..50000}; do echo "line $i of many"; done');
    run.process.stdout?.destroy();

    const { exitCode } = await run.ended;
    const log = (await run.object('output.log')).toString('utf8');

    expect(exitCode).toBe(0);
    expect(log.startsWith('ready\n')).toBe(true);
    expect(log.endsWith('line 50000 of many\n')).toBe(true);
  });

  it('leaves no process behind, whatever it did to escape', async () => {
    const run = await worker.run(`
      sleep 300 & echo $! >> pids
      setsid sleep 300 & echo $! >> pids
      (setsid bash -c 'echo $$ >> pids; trap "" TERM HUP; while :; do sleep 1; done' &)
      (env -i setsid bash -c 'echo $$ >> pids; exec sleep 300' > /dev/null 2>&1 &)
      until [ "$(wc -l < pids)" = 4 ]; do sleep 0.05; done
      sleep 0.7`);

    const { exitCode } = await run.ended;

    const pids = pidsIn(join(run.workspace, 'pids'));
    expect({ exitCode, count: pids.length }).toEqual({ exitCode: 0, count: 4 });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('leaves nothing of its private folders on the machine', async () => {
    const run = await worker.run('echo x > "$HOME/x"');

    await run.ended;

    expect(readdirSync(join(worker.folder, 'tmp', run.dispatchId))).toEqual([]);
  });
});

describe.concurrent('an agent that outlives its time', () => {
  it('is stopped, and what it made until then is kept', async () => {
    const run = await worker.run('echo partial > file; sleep 300', { spec: { timeoutSeconds: 3 } });

    const { exitCode } = await run.ended;

    expect(exitCode).toBe(124);
    expect(await run.result()).toMatchObject({
      endedBy: 'timeout',
      exitCode: 143,
      reason: 'The agent did not finish within its 3 seconds.',
    });
    expect((await run.manifest()).files.map(({ path }) => path)).toEqual(['file']);
  });

  it('may clean up before it goes', async () => {
    const run = await worker.run('trap "echo cleaned > file; exit 9" TERM; sleep 300 & wait', {
      spec: { timeoutSeconds: 3 },
    });

    const { exitCode } = await run.ended;

    expect(exitCode).toBe(124);
    expect(await run.result()).toMatchObject({ endedBy: 'timeout', exitCode: 9 });
    expect((await run.manifest()).files.map(({ path }) => path)).toEqual(['file']);
  });
});

describe.concurrent('a worker that is stopped', () => {
  it('ends an agent that ignores TERM, uploads and says so; a second signal changes nothing', async () => {
    const run = await worker.run('trap "" TERM; echo $$ > pid; echo ready; while :; do sleep 0.1; done');
    await run.said('ready');

    run.process.kill('SIGTERM');
    run.process.kill('SIGTERM');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(143);
    expect(await run.result()).toMatchObject({ endedBy: 'stop', exitCode: 137 });
    expect((await run.manifest()).files.map(({ path }) => path)).toEqual(['pid']);
    expect(pidsIn(join(run.workspace, 'pid')).filter(isAlive)).toEqual([]);
  });

  it('does not begin to run', async () => {
    const run = await worker.run('echo ran > file', { container: 'slow' });
    await worker.metadata.asked;

    run.process.kill('SIGTERM');
    await run.said('Asked to stop');
    worker.metadata.release();
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(143);
    expect(existsSync(join(run.workspace, 'file'))).toBe(false);
    expect(await run.objects()).toEqual([]);
    expect(await worker.dispatches.get(run.dispatchId)).toMatchObject({ status: 'PROVISIONING' });
  });

  it('does not wait longer for an agent whose time was up already', async () => {
    const run = await worker.run('trap "echo asked" TERM; while :; do sleep 0.1 || true; done', {
      spec: { timeoutSeconds: 3 },
    });
    await run.said('asked');

    const askedAt = Date.now();
    run.process.kill('SIGTERM');
    const { exitCode } = await run.ended;

    const { endedBy, endedAt } = await run.result();

    expect({ exitCode, endedBy }).toEqual({ exitCode: 124, endedBy: 'timeout' });
    expect(Date.parse(endedAt) - askedAt).toBeLessThan(TIMEOUT_GRACE_MS - 1_000);
  });
});

describe.concurrent('the start fence', () => {
  it.each([
    { case: 'ended', record: { status: 'FAILED' } },
    { case: 'cancelled', record: { cancelRequestedAt: '2026-03-01T12:00:00.000Z' } },
    { case: 'not the current one', record: { attempt: 2 } },
    { case: "another ECS task's", record: { status: 'RUNNING', startedAt: NOW, taskArn: `${TASK_ARN}0` } },
  ] as const)('keeps a worker from running an attempt that is $case', async ({ record }) => {
    const run = await worker.run('echo ran > file', { record });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(75);
    expect(stdout).toContain('not ours to run');
    expect(existsSync(join(run.workspace, 'file'))).toBe(false);
    expect(await run.objects()).toEqual([]);
  });
});

describe.concurrent('a worker that is not given what it needs', () => {
  it('names every fault of its environment at once', async () => {
    const run = await worker.run('true', { environment: { ATTEMPT: 'two', DISPATCHES_TABLE: '' } });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(65);
    expect(stdout).toMatch(/ATTEMPT: must be a whole number.*DISPATCHES_TABLE is missing/);
  });

  it.each([
    { case: 'is not one', spec: { timeoutSeconds: 0 }, says: 'cannot be used' },
    { case: 'is for another agent', spec: { agent: 'claude' }, says: 'is for the agent claude' },
  ])('refuses a spec that $case', async ({ spec, says }) => {
    const run = await worker.run('true', { spec });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(65);
    expect(stdout).toContain(says);
    expect(await run.objects()).toEqual([]);
  });

  it('says so where the image has no bash', async () => {
    const run = await worker.run('true', { environment: { PATH: join(worker.folder, 'bin') } });

    const { exitCode } = await run.ended;

    expect(exitCode).toBe(127);
    expect(await run.result()).toMatchObject({ endedBy: 'worker', reason: 'There is no program `bash` here.' });
  });

  it('saves what it can where the output cannot be saved, and says so', async () => {
    const run = await worker.run('true', { environment: { ARTIFACTS_BUCKET: 'no-such-bucket' } });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(74);
    expect(stdout).toContain('The output cannot be uploaded');
  });
});
