import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloadOutput } from '../../local/demo/download.ts';
import { bootHarness, eventually, type Harness, processesMentioning } from './harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await bootHarness();
});

afterAll(async () => {
  await harness?.close();
});

/** The dispatch's output in a folder of its own. */
async function outputOf(id: string): Promise<{ manifest: Manifest; read: (path: string) => Promise<string> }> {
  const { body } = await harness.call('GET', `/artifacts/${id}`);
  const { folder } = await downloadOutput(body.data, join(harness.folder, 'downloads', id));
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  return { manifest, read: (path) => readFile(join(folder, path), 'utf8') };
}

interface Manifest {
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

describe.concurrent('a shell dispatch', () => {
  it('ends as success, with untracked and nested files in its output and every SHA-256 right', async () => {
    const id = await harness.shell(
      'echo hi; mkdir -p a/b; echo one > one.txt; echo two > a/b/two.txt; git init -q a 2>/dev/null || true',
    );

    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'success', exitCode: 0, attempt: 1 });
    const { manifest, read } = await outputOf(id);
    expect(manifest.files.map(({ path }) => path)).toEqual(expect.arrayContaining(['one.txt', 'a/b/two.txt']));
    for (const { path, sha256 } of manifest.files) {
      const content = await read(`workspace/${path}`);
      expect(createHash('sha256').update(content).digest('hex'), path).toBe(sha256);
    }
    expect(await read('output.log')).toBe('hi\n');
  });

  it('goes through the states of the state machine, each once', async () => {
    const id = await harness.shell('true');
    await harness.ended(id);

    const { body } = await eventually(
      () => harness.call('GET', `/dispatch/${id}/trace`),
      ({ body }) => body.data.status !== 'running',
      15_000,
    );

    expect(body.data.states.map(({ name }: { name: string }) => name)).toEqual([
      'Admit',
      'ClaimWarmSlot',
      'WarmOrCold',
      'RunColdTask',
      'MapStopReason',
      'RunAgain',
      'CollectOutput',
      'RecordOutcome',
      'Ended',
      'Succeeded',
    ]);
  });

  it('shows its log lines while it runs', async () => {
    const id = await harness.shell('echo first; sleep 30');

    const { body } = await eventually(
      () => harness.call('GET', `/dispatch/${id}?logs=10`),
      ({ body }) => body.data.logs.lines.some(({ message }: { message: string }) => message === 'first'),
      15_000,
    );

    expect(body.data.status).toBe('running');
    await harness.call('DELETE', `/dispatch/${id}`);
    await harness.ended(id);
  });

  it('that exits 3 ends as failed with exit code 3 and its output', async () => {
    const id = await harness.shell('echo before > kept.txt; exit 3');

    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'failed', exitCode: 3, reason: 'The agent exited with code 3.' });
    expect(await (await outputOf(id)).read('workspace/kept.txt')).toBe('before\n');
  });

  it('that outlives timeoutSeconds ends as timeout with its partial output', async () => {
    const id = await harness.shell('echo partial > part.txt; sleep 60', { timeoutSeconds: 3 });

    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'timeout', reason: expect.stringMatching(/3 s/) });
    expect(await (await outputOf(id)).read('workspace/part.txt')).toBe('partial\n');
  });

  it('that is empty ends as success', async () => {
    const id = await harness.shell('');

    expect(await harness.ended(id)).toMatchObject({ status: 'success', exitCode: 0 });
  });

  it.each([124, 143, 75])('that exits %i by itself ends as failed, with its true code', async (code) => {
    const id = await harness.shell(`exit ${code}`);

    expect(await harness.ended(id)).toMatchObject({ status: 'failed', exitCode: code });
  });

  it('receives a task of 50,000 characters unchanged: quotes, substitutions, newlines, wide characters', async () => {
    const start = "cat > copy.txt <<'THE END'\n";
    const hostile = '"quotes" \'single\' `id` $(id) $HOME $$ \\ \\n %s é 𝄞 \t-n --help\n';
    const end = '\nTHE END\n';
    const room = 50_000 - start.length - end.length;
    const text = hostile
      .repeat(Math.ceil(room / hostile.length))
      .slice(0, room - 1)
      .replace(/[\uD800-\uDBFF]$/, 'x');
    const padded = text.padEnd(room, '.');

    const id = await harness.shell(start + padded + end);

    expect(await harness.ended(id)).toMatchObject({ status: 'success' });
    expect(await (await outputOf(id)).read('workspace/copy.txt')).toBe(`${padded}\n`);
  });

  it('cannot see the credentials or the environment of its runner', async () => {
    const id = await harness.shell('env > env.txt');
    await harness.ended(id);

    const env = await (await outputOf(id)).read('workspace/env.txt');

    expect(env).not.toMatch(/^(AWS|ECS)_|_TABLE=|_BUCKET=/m);
  });
});

describe.concurrent('a cancelled dispatch', () => {
  it('ends as cancelled with its partial output and without its process tree, within 10 s', async () => {
    const marker = `outpost-test-${Date.now()}`;
    const task = `echo some > part.txt; trap '' TERM; setsid bash -c 'exec -a ${marker} sleep 300' & exec -a ${marker} sleep 300`;
    const id = await harness.shell(task);
    await eventually(
      async () => processesMentioning(marker),
      (pids) => pids.length >= 2,
      15_000,
    );
    const asked = performance.now();

    const { status, body } = await harness.call('DELETE', `/dispatch/${id}`);

    expect({ status, dispatchId: body.data.dispatchId }).toEqual({ status: 202, dispatchId: id });
    await eventually(
      async () => processesMentioning(marker),
      (pids) => pids.length === 0,
      10_000,
    );
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await harness.ended(id)).toMatchObject({ status: 'cancelled' });
    expect(await (await outputOf(id)).read('workspace/part.txt')).toBe('some\n');
  });

  it('before its agent began never runs it', async () => {
    const id = await harness.shell('echo ran > ran.txt');
    await harness.call('DELETE', `/dispatch/${id}`);

    const ended = await harness.ended(id);

    expect(ended.status).toBe('cancelled');
    const repeated = await harness.call('DELETE', `/dispatch/${id}`);
    expect(repeated.body.data).toMatchObject({ status: 'cancelled' });
  });

  it('that had ended before stays as it ended', async () => {
    const id = await harness.shell('true');
    await harness.ended(id);

    const { status, body } = await harness.call('DELETE', `/dispatch/${id}`);

    expect({ status, code: body.error.code }).toEqual({ status: 409, code: 'DISPATCH_ENDED' });
    expect(await harness.ended(id)).toMatchObject({ status: 'success' });
  });
});
