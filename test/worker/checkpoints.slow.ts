import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifactKey, CHECKPOINT_INDEX, isArchive } from '../../core/artifact-keys.ts';
import { Manifest } from '../../core/manifest.ts';
import { aManifest } from '../lambdas/records.ts';
import { restoreCheckpoint } from './checkpoint-in-test.ts';
import { endAttempt } from './end-attempt.ts';
import { openWorker, until, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';
import { BUCKETS } from './worker-surroundings.ts';

let worker: WorkerInTest;

beforeAll(async () => {
  worker = await openWorker();
});
afterAll(() => worker.close());

const OFTEN = { environment: { CHECKPOINT_SECONDS: '0.2' } };
/** Ends where nobody reads its output any more, as after the death of its worker. */
const WAITS = 'while :; do sleep 0.1; echo waiting; done';

async function indexOf(run: WorkerRun): Promise<Manifest | undefined> {
  const hasIndex = (await run.objects()).includes(CHECKPOINT_INDEX);
  return hasIndex ? Manifest.parse(JSON.parse((await run.object(CHECKPOINT_INDEX)).toString('utf8'))) : undefined;
}

/** Waits until the last checkpoint has these files. */
async function checkpointHas(run: WorkerRun, ...paths: string[]): Promise<void> {
  await until(async () => {
    const held = (await indexOf(run))?.files.map(({ path }) => path) ?? [];
    return paths.every((path) => held.includes(path));
  });
}

async function kill(run: WorkerRun): Promise<void> {
  run.process.kill('SIGKILL');
  await run.ended;
}

describe.concurrent('checkpoints of a run', () => {
  it('are the output of a worker that is killed, and the outcome says so', async () => {
    const run = await worker.run(`mkdir part; echo some > part/file; echo printed; ${WAITS}`, OFTEN);
    await checkpointHas(run, 'part/file');
    await until(async () => (await indexOf(run))?.objects.some(({ name }) => !isArchive(name)) ?? false);
    await kill(run);

    const { outcome, recorded } = await endAttempt(worker, run, 137);

    const manifest = await run.manifest();
    const folder = await restoreCheckpoint(manifest, (name) => run.object(name));
    const takenAt = manifest.checkpoint?.takenAt;
    expect(outcome.output).toMatchObject({ fileCount: 1, totalBytes: 5, checkpointAt: takenAt });
    expect(recorded).toEqual({
      status: 'FAILED',
      reason: expect.stringContaining(`The output is the checkpoint of ${takenAt}`),
    });
    expect(readFileSync(join(folder, 'part/file'), 'utf8')).toBe('some\n');
    const log = manifest.objects.find(({ name }) => !isArchive(name));
    expect((await run.object(log?.name ?? '')).toString('utf8')).toMatch(/^printed\n/);
    rmSync(folder, { recursive: true });
  });

  it('hold what has changed, and not what is gone', async () => {
    const stays = 'head -c 300000 /dev/urandom > large; echo a > a; echo b > b';
    const run = await worker.run(
      `${stays}; until [ -e ../go ]; do sleep 0.05; done; rm b; echo more > c; ${WAITS}`,
      OFTEN,
    );
    await checkpointHas(run, 'large', 'a', 'b');
    execFileSync('touch', [join(run.workspace, '../go')]);
    await checkpointHas(run, 'c');
    await kill(run);

    await endAttempt(worker, run, 137);

    const manifest = await run.manifest();
    const folder = await restoreCheckpoint(manifest, (name) => run.object(name));
    expect(readdirSync(folder).sort()).toEqual(['a', 'c', 'large']);
    expect(manifest.files.map(({ path }) => path)).toEqual(['a', 'c', 'large']);
    rmSync(folder, { recursive: true });
  });

  it('are gone when all of the output is there', async () => {
    const run = await worker.run('echo a > a; until [ -e go ]; do sleep 0.05; done', OFTEN);
    await checkpointHas(run, 'a');
    execFileSync('touch', [join(run.workspace, 'go')]);

    const { exitCode } = await run.ended;

    expect(exitCode).toBe(0);
    expect(await run.objects()).toEqual(['manifest.json', 'output.log', 'result.json', 'workspace.tar.gz']);
    expect((await run.manifest()).checkpoint).toBeUndefined();
  });

  it('leave the manifest to the checkpoint that was presented before the worker was done', async () => {
    const run = await worker.run('echo a > a; until [ -e go ]; do sleep 0.05; done', OFTEN);
    await checkpointHas(run, 'a');
    const presented = aManifest({ dispatchId: run.dispatchId });
    const Key = artifactKey({ dispatchId: run.dispatchId, attempt: 1 }, 'manifest');
    await worker.s3.send(new PutObjectCommand({ Bucket: BUCKETS.artifacts, Key, Body: JSON.stringify(presented) }));
    execFileSync('touch', [join(run.workspace, 'go')]);

    const { exitCode, stdout } = await run.ended;

    expect([exitCode, await run.manifest()]).toEqual([0, presented]);
    expect(stdout).toContain('There was a manifest already');
    expect(await run.objects()).toContain(CHECKPOINT_INDEX);
  });

  it('are removed no more once one is presented, though the worker goes on', async () => {
    const run = await worker.run('until [ -e go ]; do date +%N > a; sleep 0.02; done', {
      // What the index names lies there until two more are taken: by then it is presented.
      environment: { CHECKPOINT_SECONDS: '1' },
    });
    await checkpointHas(run, 'a');
    const presented = await indexOf(run);
    const Key = artifactKey({ dispatchId: run.dispatchId, attempt: 1 }, 'manifest');
    await worker.s3.send(new PutObjectCommand({ Bucket: BUCKETS.artifacts, Key, Body: JSON.stringify(presented) }));

    await run.said('There is a manifest already: no more checkpoints are taken.');
    execFileSync('touch', [join(run.workspace, 'go')]);
    await run.ended;

    const folder = await restoreCheckpoint(await run.manifest(), (name) => run.object(name));
    expect(readdirSync(folder)).toEqual(['a']);
    rmSync(folder, { recursive: true });
  });

  it('do not show in a run that is shorter than their interval', async () => {
    const run = await worker.run('echo a > a');

    await run.ended;

    expect((await run.objects()).filter((name) => name.startsWith('checkpoints/'))).toEqual([]);
  });

  it('are taken once more at a stop, before the rest', async () => {
    const run = await worker.run('trap "echo last > b; exit 0" TERM; echo a > a; while :; do sleep 0.05; done', {
      environment: { CHECKPOINT_SECONDS: '600' },
    });
    await until(() => readdirSync(run.workspace).includes('a'));
    const seen: (Manifest | undefined)[] = [];
    const watching = (async () => {
      while (run.process.exitCode === null) {
        if (!(await run.objects()).includes('manifest.json')) seen.push(await indexOf(run).catch(() => undefined));
      }
    })();

    run.process.kill('SIGTERM');
    const { exitCode } = await run.ended;
    await watching;

    const before = seen.findLast((index) => index !== undefined);
    expect(before?.files.map(({ path }) => path)).toEqual(['a', 'b']);
    expect([exitCode, (await run.manifest()).files.map(({ path }) => path)]).toEqual([143, ['a', 'b']]);
  });

  it('go on where one cannot be taken', async () => {
    const run = await worker.run(WAITS, {
      environment: { CHECKPOINT_SECONDS: '0.1', ARTIFACTS_BUCKET: 'no-such-bucket' },
    });

    await run.said('A checkpoint could not be taken');
    run.process.kill('SIGTERM');

    expect((await run.ended).exitCode).toBe(74);
  });
});

if (process.getuid?.() === 0) {
  describe.concurrent('checkpoints beside an agent with a user of its own', () => {
    // Nobody else has it: whatever runs as this user is ended with the agent.
    const user = { AGENT_UID: '54799', CHECKPOINT_SECONDS: '0.1' };

    it('are made as that user, who can read and end what makes them and learns nothing by it', async () => {
      const look =
        'pid=$(pgrep -u "$(id -u)" -f "[m]ain.mjs checkpoint " | head -1) && tr "\\0" "\\n" < "/proc/$pid/environ"';
      const run = await worker.run(
        `echo a > a; until { ${look}; } > seen 2> /dev/null; do sleep 0.01; done; echo done > done; ${WAITS}`,
        { environment: user },
      );
      await checkpointHas(run, 'a', 'done');

      run.process.kill('SIGTERM');
      const { exitCode } = await run.ended;

      const { files, skipped } = await run.manifest();
      expect([exitCode, files.map(({ path }) => path), skipped]).toEqual([143, ['a', 'done', 'seen'], []]);
      expect(readFileSync(join(run.workspace, 'seen'), 'utf8')).not.toMatch(/AWS|BUCKET|SECRET/);
    });
  });
}

describe.concurrent('the limit of the output', () => {
  it('leaves out the largest files, and names them', async () => {
    const run = await worker.run('head -c 4000 /dev/zero > a; head -c 6000 /dev/zero > b; echo c > c', {
      environment: { MAX_OUTPUT_GIB: (5000 / 1024 ** 3).toFixed(15) },
    });

    const { exitCode } = await run.ended;

    const { files, skipped } = await run.manifest();
    expect(exitCode).toBe(0);
    expect(files.map(({ path }) => path)).toEqual(['a', 'c']);
    expect(skipped).toEqual([
      { path: 'b', reason: 'is left out: it has 6000 bytes, and all files together may have 5000 bytes' },
    ]);
  });
});
