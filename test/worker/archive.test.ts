import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { ManifestFile } from '../../core/manifest.ts';
import { archive } from '../../worker/pack/archive.ts';
import type { PackLine } from '../../worker/pack/packed-file.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-archive-'));
let workspace = '';
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  workspace = mkdtempSync(join(root, 'workspace-'));
});

interface Packed {
  readonly tar: Buffer;
  readonly files: ManifestFile[];
  readonly skipped: { path: string; reason: string }[];
}

/** Packs the workspace; `meanwhile` happens as soon as bytes come that hold the word. */
function pack(meanwhile?: { word: string; happens: () => void }): Packed {
  const lines: PackLine[] = [];
  const parts: Buffer[] = [];
  let waiting = meanwhile;
  for (const part of archive(workspace, (line) => lines.push(line))) {
    parts.push(Buffer.from(part));
    if (waiting === undefined || !part.includes(waiting.word)) continue;
    waiting.happens();
    waiting = undefined;
  }
  return {
    tar: Buffer.concat(parts),
    files: lines.flatMap((line) => ('file' in line ? [line.file] : [])),
    skipped: lines.flatMap((line) => ('skipped' in line ? [line.skipped] : [])),
  };
}

function unpack(tar: Buffer): string {
  const folder = mkdtempSync(join(root, 'unpacked-'));
  execFileSync('tar', ['xf', '-', '-C', folder], { input: tar, stdio: ['pipe', 'pipe', 'pipe'] });
  return folder;
}

function put(name: string, content: string | Buffer = name): void {
  writeFileSync(join(workspace, name), content);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const MiB = 1024 * 1024;

describe('the archive of a workspace', () => {
  it('comes in the order of the paths, the same for the same workspace', () => {
    for (const folder of ['a', 'z', 'empty']) mkdirSync(join(workspace, folder));
    for (const name of ['a/x', 'a.b', 'B', 'z/1']) put(name);
    for (const name of ['a', 'z', 'empty']) utimesSync(join(workspace, name), 1, 1);

    const first = pack();

    expect(first.files.map(({ path }) => path)).toEqual(['B', 'a.b', 'a/x', 'z/1']);
    expect(pack().tar).toEqual(first.tar);
    expect(readdirSync(unpack(first.tar))).toEqual(['B', 'a', 'a.b', 'empty', 'z']);
  });

  it('is empty for an empty workspace, and for one that is gone', () => {
    const empty = pack();
    rmSync(workspace, { recursive: true });
    const gone = pack();

    expect(empty).toMatchObject({ files: [], skipped: [] });
    expect(gone).toMatchObject({ files: [], skipped: [{ path: '.', reason: 'vanished before it was read' }] });
    expect(gone.tar).toEqual(empty.tar);
  });

  it('keeps names of every kind', () => {
    const names = ['new\nline', '-rf', 'quo"te', ' ', 'é', 'x'.repeat(255), `${'€'.repeat(80)}`];
    for (const name of names) put(name);

    const { tar, files } = pack();
    const folder = unpack(tar);

    expect(files.map(({ path }) => path).sort()).toEqual([...names].sort());
    for (const name of names) expect(readFileSync(join(folder, name), 'utf8')).toBe(name);
  });

  it('keeps names that are no text, short and long', () => {
    const names = [Buffer.from('bad\xff', 'latin1'), Buffer.concat([Buffer.alloc(120, 'y'), Buffer.from([0xfe])])];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${workspace}/`), name]), 'content');

    const { tar, files } = pack();
    const unpacked = readdirSync(unpack(tar), { encoding: 'buffer' });

    expect(files.map(({ path, pathEncoding }) => [pathEncoding, path])).toEqual(
      names.map((name) => ['base64', name.toString('base64')]),
    );
    expect(unpacked).toEqual(names);
  });

  it('holds a tree that is deeper than a path may be long', () => {
    const step = 'd'.repeat(200);
    const depth = 30;
    execFileSync('bash', ['-c', `for i in {1..${depth}}; do mkdir ${step} && cd ${step}; done; echo x > leaf`], {
      cwd: workspace,
    });

    const { files, skipped } = pack();

    expect(skipped).toEqual([]);
    expect(files).toMatchObject([{ path: `${`${step}/`.repeat(depth)}leaf`, size: 2 }]);
    execFileSync('rm', ['-rf', workspace]);
  });

  it('stores links as links, wherever they lead, and hard links as files', () => {
    const long = 'l'.repeat(150);
    put('file', 'content');
    symlinkSync('/etc/passwd', join(workspace, 'absolute'));
    symlinkSync(long, join(workspace, 'dangling'));
    symlinkSync('..', join(workspace, 'up'));
    linkSync(join(workspace, 'file'), join(workspace, 'hard'));

    const { tar, files } = pack();
    const folder = unpack(tar);

    expect(files.map(({ path, type, size }) => [path, type, size])).toEqual([
      ['absolute', 'link', 0],
      ['dangling', 'link', 0],
      ['file', 'file', 7],
      ['hard', 'file', 7],
      ['up', 'link', 0],
    ]);
    expect(readlinkSync(join(folder, 'absolute'))).toBe('/etc/passwd');
    expect(readlinkSync(join(folder, 'dangling'))).toBe(long);
    expect(readFileSync(join(folder, 'hard'), 'utf8')).toBe('content');
  });

  it('says which files may be executed', () => {
    put('plain');
    writeFileSync(join(workspace, 'run'), '#!/bin/sh\n', { mode: 0o755 });

    const { files } = pack();

    expect(files.map(({ path, executable }) => [path, executable])).toEqual([
      ['plain', undefined],
      ['run', true],
    ]);
  });

  it('leaves out pipes and sockets, and names them', async () => {
    execFileSync('mkfifo', [join(workspace, 'pipe')]);
    const server = createServer().listen(join(workspace, 'socket'));
    await once(server, 'listening');

    const { skipped } = pack();
    server.close();

    expect(skipped).toEqual([
      { path: 'pipe', reason: 'is a named pipe' },
      { path: 'socket', reason: 'is a socket' },
    ]);
  });

  it('is whole where a file grows while it is read', () => {
    put('big', Buffer.concat([Buffer.from('BEGIN'), Buffer.alloc(2 * MiB, 'x')]));
    put('next');

    const { tar, files } = pack({ word: 'BEGIN', happens: () => appendFileSync(join(workspace, 'big'), 'more') });

    const stored = readFileSync(join(unpack(tar), 'big'));
    expect(stored).toHaveLength(2 * MiB + 5);
    expect(files).toMatchObject([{ path: 'big', size: stored.length, sha256: sha256(stored) }, { path: 'next' }]);
  });

  it('is whole where a file shrinks while it is read, and says so', () => {
    put('big', Buffer.concat([Buffer.from('BEGIN'), Buffer.alloc(2 * MiB, 'x')]));
    put('next');

    const { tar, files, skipped } = pack({ word: 'BEGIN', happens: () => truncateSync(join(workspace, 'big'), MiB) });

    const stored = readFileSync(join(unpack(tar), 'big'));
    expect(stored).toHaveLength(2 * MiB + 5);
    expect(files).toMatchObject([{ path: 'big', size: stored.length, sha256: sha256(stored) }, { path: 'next' }]);
    expect(skipped).toEqual([
      { path: 'big', reason: 'became shorter while it was read: the rest of it is stored as zeros' },
    ]);
  });

  it('names what vanishes while the archive is written', () => {
    for (const name of ['a', 'b', 'c']) put(name, 'BEGIN');

    const { files, skipped } = pack({ word: 'BEGIN', happens: () => rmSync(join(workspace, 'b')) });

    expect(files.map(({ path }) => path)).toEqual(['a', 'c']);
    expect(skipped).toEqual([{ path: 'b', reason: 'vanished before it was read' }]);
  });

  it('is not led out by a folder that is swapped for a link while it is read', () => {
    const outside = mkdtempSync(join(root, 'outside-'));
    writeFileSync(join(outside, 'b'), 'SECRET');
    mkdirSync(join(workspace, 'folder'));
    for (const name of ['folder/a', 'folder/b']) put(name, 'BEGIN');
    const swap = () => {
      renameSync(join(workspace, 'folder'), join(root, 'moved'));
      symlinkSync(outside, join(workspace, 'folder'));
    };

    const { tar, files } = pack({ word: 'BEGIN', happens: swap });

    expect(tar.includes('SECRET')).toBe(false);
    expect(files.map(({ path, sha256: hash }) => [path, hash])).toEqual([
      ['folder/a', sha256(Buffer.from('BEGIN'))],
      ['folder/b', sha256(Buffer.from('BEGIN'))],
    ]);
  });

  it('is not led out by a workspace or folder that became a link before it was opened', () => {
    const outside = mkdtempSync(join(root, 'outside-'));
    writeFileSync(join(outside, 'secret'), 'SECRET');
    put('a', 'BEGIN');
    mkdirSync(join(workspace, 'later'));
    const swap = () => {
      rmSync(join(workspace, 'later'), { recursive: true });
      symlinkSync(outside, join(workspace, 'later'));
    };

    const inside = pack({ word: 'BEGIN', happens: swap });
    rmSync(workspace, { recursive: true });
    symlinkSync(outside, workspace);
    const whole = pack();

    expect([inside, whole].map(({ tar }) => tar.includes('SECRET'))).toEqual([false, false]);
    expect(inside.files.map(({ path, type }) => [path, type])).toEqual([
      ['a', 'file'],
      ['later', 'link'],
    ]);
    expect(whole.skipped).toHaveLength(1);
  });
});
