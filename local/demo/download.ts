import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { isArchive } from '../../core/artifact-keys.ts';
import type { OutputView } from '../../lambdas/api/wire.ts';

export interface Download {
  readonly folder: string;
  readonly fileCount: number;
  readonly totalBytes: number;
}

/**
 * Downloads an attempt's output: every object as it is, and the archive unpacked into `workspace/`, with each file
 * held against the SHA-256 that the manifest gives for it. Of a checkpoint's archives, each gives what lies in it alone.
 * @throws where a file is missing, differs from the manifest, or would lie outside the folder
 */
export async function downloadOutput(artifacts: OutputView, folder: string): Promise<Download> {
  await rm(folder, { recursive: true, force: true });
  const workspace = join(folder, 'workspace');
  await mkdir(workspace, { recursive: true });
  const unpacked = new Map<string, string>();
  const places = new Map(artifacts.files.map(({ path, object }) => [path, object]));
  for (const { name, url } of artifacts.objects) {
    if (isArchive(name)) {
      const sums = await unpack(
        await body(url),
        workspace,
        (path) => artifacts.checkpointAt === undefined || places.get(path) === name,
      );
      for (const [path, sum] of sums) unpacked.set(path, sum);
    } else {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), await body(url));
    }
  }
  const files = artifacts.files.filter(({ type }) => type === 'file');
  for (const { path, sha256 } of files) {
    if (unpacked.get(path) !== sha256)
      throw new Error(`The archive's ${path} is not the file that the manifest names.`);
  }
  return { folder, fileCount: files.length, totalBytes: files.reduce((sum, { size }) => sum + size, 0) };
}

async function body(url: string): Promise<Readable> {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`The download answered ${response.status}: ${url}`);
  return Readable.fromWeb(response.body as ReadableStream);
}

/** SHA-256 of each file, by its path in the archive. Links are made last, so that no file is written through one. */
async function unpack(archive: Readable, into: string, takes: (path: string) => boolean): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  const links: { path: string; target: string }[] = [];
  const entries = extract();
  const unpacked = (async () => {
    for await (const entry of entries) {
      const { name, type, linkname } = entry.header;
      const path = inside(into, name);
      if (type === 'directory') await mkdir(path, { recursive: true });
      if (type === 'symlink' && takes(name)) links.push({ path, target: linkname ?? '' });
      if (type === 'file' && takes(name)) sums.set(name, await writeAndHash(entry, path));
      else entry.resume();
    }
  })();
  await Promise.all([pipeline(archive, createGunzip(), entries), unpacked]);
  for (const { path, target } of links) {
    await mkdir(dirname(path), { recursive: true });
    await symlink(target, path);
  }
  return sums;
}

async function writeAndHash(content: AsyncIterable<unknown>, path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  async function* hashed() {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(hashed, createWriteStream(path, { flags: 'wx' }));
  return hash.digest('hex');
}

function inside(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (path === resolve(folder) || path.startsWith(resolve(folder) + sep)) return path;
  throw new Error(`The archive names a file outside its folder: ${name}`);
}
