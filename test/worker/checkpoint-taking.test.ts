import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINT_INDEX, isArchive } from '../../core/artifact-keys.ts';
import type { ChildProgram } from '../../worker/pack/running-child.ts';
import { CheckpointRig, treeOf } from './checkpoint-in-test.ts';
import { bundleWorker } from './worker-bundle.ts';
import { until } from './worker-in-test.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-checkpoints-'));
const MiB = 1024 * 1024;
let bundle = '';

beforeAll(async () => {
  bundle = await bundleWorker(root);
});
afterAll(() => rmSync(root, { recursive: true }));

function newRig(): CheckpointRig {
  return new CheckpointRig(bundle, root);
}

/** Until a change to what was written by now shows in its times. */
async function settled(): Promise<void> {
  const writtenAt = Date.now();
  await until(() => Date.now() - writtenAt > 1_050);
}

const SURVEYED = '{"surveyed":true}';
const END = '{"end":true}';
/** Longer than what is read at once: some of it stays unread where nobody goes on reading. */
const MORE = ' '.repeat(100_000);
const seen = (path: string, mark = '1') => JSON.stringify({ seen: { path, kind: 'file', size: 0, mark } });
const stored = (path: string, size = 0) =>
  JSON.stringify({ file: { path, type: 'file', size, sha256: '0'.repeat(64) }, mark: '1' });
const skipped = (path: string, reason: string) => JSON.stringify({ skipped: { path, reason } });

interface Told {
  readonly lines: readonly string[];
  /** What it tells, and how many bytes it writes, once it knows what it is to pack. */
  readonly packed?: readonly string[];
  readonly bytes?: number;
  /** Whether it never ends. */
  readonly stays?: boolean;
}

/** A child that tells and writes just that. */
function teller({ lines, packed = [], bytes = 0, stays = false }: Told): ChildProgram {
  const script = `
    const { writeSync } = require('fs');
    const tell = (lines) => lines.forEach((line) => writeSync(3, line + '\\n'));
    tell(${JSON.stringify(lines)});
    process.stdin.resume().on('end', () => { tell(${JSON.stringify(packed)}); process.stdout.write(Buffer.alloc(${bytes})); });
    if (${stays}) setInterval(() => {}, 1000);`;
  return { file: process.execPath, args: ['-e', script] };
}

describe.concurrent('a checkpoint', () => {
  it('is the workspace: files, links, empty folders and modes', async () => {
    const rig = newRig();
    mkdirSync(join(rig.workspace, 'empty'));
    mkdirSync(join(rig.workspace, 'deep/er'), { recursive: true });
    rig.put('deep/er/file');
    rig.put('run', '#!/bin/sh\n');
    chmodSync(join(rig.workspace, 'run'), 0o755);
    symlinkSync('../elsewhere', join(rig.workspace, 'link'));

    const names = await rig.take();

    expect(names).toEqual(['checkpoints/workspace-000001.tar.gz', CHECKPOINT_INDEX]);
    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
    expect(rig.bucket.index).toMatchObject({ checkpoint: { removed: [] }, skipped: [] });
  });

  it('stores what has changed since the last one alone', async () => {
    const rig = newRig();
    rig.put('same', Buffer.alloc(MiB));
    rig.put('changed', 'before');
    rig.put('replaced', 'before');
    rig.put('removed');
    await settled();
    await rig.take();
    rig.put('changed', 'after!');
    utimesSync(join(rig.workspace, 'changed'), 1, 1);
    rig.put('new');
    writeFileSync(join(root, 'aside'), 'after!');
    renameSync(join(root, 'aside'), join(rig.workspace, 'replaced'));
    unlinkSync(join(rig.workspace, 'removed'));

    await rig.take();

    const { files, checkpoint } = rig.bucket.index;
    const second = 'checkpoints/workspace-000002.tar.gz';
    const stored = files.filter(({ object }) => object === second).map(({ path }) => path);
    expect(stored).toEqual(['changed', 'new', 'replaced']);
    expect(checkpoint?.removed).toEqual([{ path: 'removed' }]);
    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
  });

  it('notices a change that keeps size, times and all but what nobody can set', async () => {
    const rig = newRig();
    rig.put('file', 'before');
    utimesSync(join(rig.workspace, 'file'), 1_000_000, 1_000_000);
    await settled();
    await rig.take();
    rig.put('file', 'after!');
    utimesSync(join(rig.workspace, 'file'), 1_000_000, 1_000_000);

    await rig.take();

    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
  });

  it('uploads nothing where nothing has changed', async () => {
    const rig = newRig();
    rig.put('file');
    await settled();
    await rig.take();

    const names = await rig.take();

    expect(names).toEqual([]);
  });

  it('uploads the log where it has grown, and then not again', async () => {
    const rig = newRig();
    const lines = Buffer.from('one\ntwo\n');
    rig.log.written = lines.length;
    rig.log.read = async function* () {
      yield lines;
    };

    const names = [await rig.take(), await rig.take()];

    const log = 'checkpoints/output-000001.log';
    expect(names).toEqual([[log, CHECKPOINT_INDEX], []]);
    expect(rig.bucket.index.objects).toMatchObject([{ name: log, size: 8 }]);
    expect(rig.bucket.get(log)).toEqual(lines);
  });

  it('keeps names that are no text, and removes them again', async () => {
    const rig = newRig();
    const odd = [
      Buffer.from('bad\xff', 'latin1'),
      Buffer.from('new\nline'),
      Buffer.from('\u2028'),
      Buffer.alloc(200, 0xfe),
    ];
    for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${rig.workspace}/`), name]), name);
    rig.put('stays', Buffer.alloc(10_000));
    await settled();
    await rig.take();
    const before = await rig.restoredTree();
    const [first = Buffer.alloc(0)] = odd;
    unlinkSync(Buffer.concat([Buffer.from(`${rig.workspace}/`), first]));

    await rig.take();

    expect(before).toContain('bad\xff');
    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
    expect(rig.bucket.index.checkpoint?.removed).toEqual([{ path: first.toString('base64'), pathEncoding: 'base64' }]);
  });

  it('holds names and targets of links that cannot be compressed, and take more than what is in the files', async () => {
    const rig = newRig();
    const random = (bytes: number) => Buffer.from(randomBytes(bytes).map((byte) => 0x80 | byte));
    const inWorkspace = (name: Buffer) => Buffer.concat([Buffer.from(`${rig.workspace}/`), name]);
    for (let at = 0; at < 100; at += 1) {
      symlinkSync(random(4_000), inWorkspace(random(250)));
      writeFileSync(inWorkspace(random(250)), '');
    }

    await rig.take();

    expect(rig.bucket.get('checkpoints/workspace-000001.tar.gz').length).toBeGreaterThan(400_000);
    expect(rig.paths).toHaveLength(200);
  });

  it('forgets a folder that was deleted, and what was in it', async () => {
    const rig = newRig();
    rig.put('stays', Buffer.alloc(100_000));
    mkdirSync(join(rig.workspace, 'folder/inner'), { recursive: true });
    for (const name of ['a', 'b', 'inner/c']) rig.put(`folder/${name}`);
    await rig.take();
    rmSync(join(rig.workspace, 'folder'), { recursive: true });

    await rig.take();

    expect(rig.paths).toEqual(['stays']);
    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
  });

  it('can be put together where folders are read-only and files became folders', async () => {
    const rig = newRig();
    mkdirSync(join(rig.workspace, 'locked'));
    rig.put('locked/one');
    rig.put('thing');
    rig.put('stays', Buffer.alloc(100_000));
    chmodSync(join(rig.workspace, 'locked'), 0o555);
    await rig.take();
    chmodSync(join(rig.workspace, 'locked'), 0o755);
    rig.put('locked/two');
    chmodSync(join(rig.workspace, 'locked'), 0o555);
    unlinkSync(join(rig.workspace, 'thing'));
    mkdirSync(join(rig.workspace, 'thing'));
    rig.put('thing/inside');

    await rig.take();

    const folder = await rig.restore();
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(
      readdirSync(rig.workspace, { recursive: true }).sort(),
    );
    for (const place of [folder, rig.workspace]) chmodSync(join(place, 'locked'), 0o755);
    rmSync(folder, { recursive: true });
  });

  it('leaves out what .outpostignore names, also what it names later', async () => {
    const rig = newRig();
    rig.put('secret');
    rig.put('kept', Buffer.alloc(10_000));
    await rig.take();
    rig.put('.outpostignore', 'secret\n');

    await rig.take();

    expect(rig.paths).toEqual(['.outpostignore', 'kept']);
    expect(rig.bucket.index.skipped).toEqual([{ path: 'secret', reason: 'is named by .outpostignore' }]);
    expect(await rig.restoredTree()).not.toContain('secret');
  });

  it('leaves out the largest files past the limit, and names them', async () => {
    const rig = newRig();
    rig.maxBytes = 5_000;
    for (const [name, size] of [
      ['a', 2_000],
      ['b', 4_000],
      ['c', 2_500],
    ] as const)
      rig.put(name, Buffer.alloc(size));

    await rig.take();

    expect(rig.paths).toEqual(['a', 'c']);
    expect(rig.bucket.index.skipped).toEqual([
      { path: 'b', reason: 'is left out: it has 4000 bytes, and all files together may have 5000 bytes' },
    ]);
  });
});

describe.concurrent('a checkpoint of a workspace that changes meanwhile', () => {
  /** More than its pipe holds: the child is in the middle of it when the first bytes come. */
  const large = () => randomBytes(6 * MiB);

  it('is true where a file grows and another shrinks while it is read', async () => {
    const rig = newRig();
    rig.put('a', large());
    rig.put('b', large());
    rig.bucket.meanwhile = () => {
      appendFileSync(join(rig.workspace, 'a'), 'more');
      truncateSync(join(rig.workspace, 'b'), MiB);
    };

    await rig.take();
    const during = await rig.restore();
    const next = await rig.take();

    expect(readFileSync(join(during, 'a')).length).toBeGreaterThanOrEqual(6 * MiB);
    expect(next).toContain('checkpoints/workspace-000002.tar.gz');
    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
    rmSync(during, { recursive: true });
  });

  it('is not led out by files and folders that are swapped for links', async () => {
    const rig = newRig();
    const outside = mkdtempSync(join(root, 'outside-'));
    for (const name of ['file', 'inside']) writeFileSync(join(outside, name), 'SECRET');
    rig.put('a', large());
    rig.put('file');
    mkdirSync(join(rig.workspace, 'folder'));
    rig.put('folder/inside');
    rig.bucket.meanwhile = () => {
      unlinkSync(join(rig.workspace, 'file'));
      symlinkSync(join(outside, 'file'), join(rig.workspace, 'file'));
      rmSync(join(rig.workspace, 'folder'), { recursive: true });
      symlinkSync(outside, join(rig.workspace, 'folder'));
    };

    await rig.take();
    const during = await rig.restore();
    await rig.take();
    const after = await rig.restore();

    for (const folder of [during, after]) {
      const found = execFileSync('bash', ['-c', 'grep -rl SECRET . || true'], { cwd: folder }).toString();
      expect(found).toBe('');
      rmSync(folder, { recursive: true });
    }
    expect(rig.paths).toEqual(['a', 'file', 'folder']);
    expect(rig.bucket.index.files.slice(1).map(({ type }) => type)).toEqual(['link', 'link']);
  });

  it('leaves out a file that grew past the limit while it was taken', async () => {
    const rig = newRig();
    rig.maxBytes = 7 * MiB;
    rig.put('a', large());
    rig.put('z', 'small');
    rig.bucket.meanwhile = () => rig.put('z', Buffer.alloc(2 * MiB));

    await rig.take();

    const grown = { path: 'z', reason: 'is left out: it grew past what all files together may have' };
    expect([rig.paths, rig.bucket.index.skipped]).toEqual([['a'], [grown]]);
  });
});

describe.concurrent('a checkpoint that cannot be taken', () => {
  it('leaves the last one as it is, and the next one holds what it missed', async () => {
    const rig = newRig();
    rig.put('first');
    await rig.take();
    const index = rig.bucket.get(CHECKPOINT_INDEX);
    rig.put('second');
    const stop = new AbortController();
    rig.bucket.meanwhile = () => Promise.reject(new Error('S3 is away'));
    const failed = await rig.take(stop.signal).catch((error: Error) => error.message);
    const between = rig.bucket.get(CHECKPOINT_INDEX);
    const stopped = await rig.take(AbortSignal.abort()).catch((error: Error) => error.message);

    await rig.take();

    expect([failed, stopped]).toEqual(['S3 is away', 'The checkpoint was stopped.']);
    expect(between).toEqual(index);
    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
  });

  it.each([
    { what: 'a path outside of the workspace', lines: [seen('../escape'), SURVEYED] },
    { what: 'a path twice', lines: [seen('a'), seen('a'), SURVEYED] },
    { what: 'more when nothing is asked of it', lines: [SURVEYED, seen('a')] },
    { what: 'what it was not asked for, and ends', lines: [seen('a'), SURVEYED], packed: [stored('b'), MORE] },
    { what: 'an entry twice, and ends', lines: [seen('a'), SURVEYED], packed: [stored('a'), stored('a'), MORE] },
    { what: 'more after the end', lines: [seen('a'), SURVEYED], packed: [stored('a'), END, stored('a')] },
    { what: 'what it was not asked for, and stays', lines: [seen('a'), SURVEYED], packed: [stored('b')], stays: true },
  ])('says so where its child tells $what', async ({ what, ...told }) => {
    const rig = newRig();

    const taken = rig.takeAs({ ...rig.job(), program: teller(told) });

    await expect(taken).rejects.toThrow('told what it was not asked for');
    expect([...rig.bucket.objects.keys()].filter(isArchive)).toEqual([]);
  });

  it.each([
    { what: 'the file was, and the limit is', packed: [stored('a'), END], bytes: MiB, stays: true, maxBytes: 1_000 },
    { what: 'what it tells is in it', packed: [stored('a'), END], bytes: MiB },
    { what: 'the limit is, as it tells', packed: [stored('a', 2_000), END], maxBytes: 1_000 },
  ])('stores no archive that is larger than $what', async ({ what, maxBytes, ...told }) => {
    const rig = newRig();
    rig.maxBytes = maxBytes ?? rig.maxBytes;

    const taken = rig.takeAs({ ...rig.job(), program: teller({ ...told, lines: [seen('a'), SURVEYED] }) });

    await expect(taken).rejects.toThrow('stores more than it was asked for');
    expect([...rig.bucket.objects.keys()].filter(isArchive)).toEqual([]);
  });

  it.each([
    { what: 'a path', line: seen('a'.repeat(20_000)) },
    { what: 'a mark', line: seen('a', '1'.repeat(1_000)) },
    { what: 'a reason', line: skipped('a', 'because '.repeat(1_000)) },
  ])('is not held up by $what of any length', async ({ line }) => {
    const rig = newRig();

    const taken = rig.takeAs({ ...rig.job(), program: teller({ lines: [line, SURVEYED] }) });

    await expect(taken).rejects.toThrow('too_big');
  });

  it('does not keep paths of more characters than an index may have', async () => {
    const rig = newRig();
    const long = 'a'.repeat(16_000);
    const script = `for (let at = 0; ; at++) require('fs').writeSync(3, ${JSON.stringify(seen(`${long}PATH`))}.replace('PATH', at) + '\\n');`;
    const job = { ...rig.job(), program: { file: process.execPath, args: ['-e', script] } };

    const taken = rig.takeAs(job);

    await expect(taken).rejects.toThrow('All its paths together are too long to be listed.');
  });
});
