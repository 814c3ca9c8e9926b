import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARTIFACTS, CHECKPOINT_INDEX, isArchive } from '../../core/artifact-keys.ts';
import { Manifest, type ManifestFile } from '../../core/manifest.ts';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { type CheckpointState, NO_CHECKPOINT } from '../../worker/checkpoints/checkpoint-state.ts';
import { type CheckpointBucket, type CheckpointJob, takeCheckpoint } from '../../worker/checkpoints/take-checkpoint.ts';
import { ATTEMPT } from './kit-in-test.ts';

/** A bucket in memory; `meanwhile` happens when the first bytes of an archive have come. */
export class MemoryBucket implements CheckpointBucket {
  readonly objects = new Map<string, Buffer>();
  readonly puts: string[] = [];
  meanwhile: (() => unknown) | undefined;

  async putObject(name: string, _contentType: string, source: Iterable<Buffer> | AsyncIterable<Buffer>) {
    const parts: Buffer[] = [];
    for await (const part of source) {
      parts.push(part);
      if (isArchive(name)) await this.interfere();
    }
    const content = Buffer.concat(parts);
    this.puts.push(name);
    this.objects.set(name, content);
    return { name, size: content.length, sha256: sha256(content) };
  }

  async removeObject(name: string): Promise<void> {
    this.objects.delete(name);
  }

  async hasManifest(): Promise<boolean> {
    return this.objects.has(ARTIFACTS.manifest);
  }

  get index(): Manifest {
    return Manifest.parse(JSON.parse(this.get(CHECKPOINT_INDEX).toString('utf8')));
  }

  get(name: string): Buffer {
    const content = this.objects.get(name);
    if (content === undefined) throw new Error(`There is no ${name}.`);
    return content;
  }

  private async interfere(): Promise<void> {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
  }
}

/** A workspace of which checkpoints are taken by the worker's own program. */
export class CheckpointRig {
  readonly workspace: string;
  readonly bucket = new MemoryBucket();
  readonly log = { written: 0, read: async function* () {} as CheckpointJob['output']['read'] };
  state: CheckpointState = NO_CHECKPOINT;
  maxBytes = 1024 ** 3;
  private number = 0;

  constructor(
    private readonly bundle: string,
    root: string,
  ) {
    this.workspace = mkdtempSync(join(root, 'workspace-'));
  }

  put(name: string, content: string | Buffer = name): void {
    writeFileSync(join(this.workspace, name), content);
  }

  get paths(): string[] {
    return this.bucket.index.files.map(({ path }) => path);
  }

  /** The tree that the last checkpoint is. */
  async restoredTree(): Promise<string> {
    const folder = await this.restore();
    const tree = treeOf(folder);
    rmSync(folder, { recursive: true });
    return tree;
  }

  /** Takes a checkpoint. Answers the names of what was put. */
  async take(stop: AbortSignal = new AbortController().signal): Promise<string[]> {
    return this.takeAs(this.job(), stop);
  }

  async takeAs(job: CheckpointJob, stop: AbortSignal = new AbortController().signal): Promise<string[]> {
    this.number += 1;
    const before = this.bucket.puts.length;
    this.state = await takeCheckpoint(job, this.state, this.number, stop);
    return this.bucket.puts.slice(before);
  }

  job(): CheckpointJob {
    return {
      attempt: ATTEMPT,
      bucket: this.bucket,
      program: { file: process.execPath, args: [this.bundle, 'checkpoint'] },
      workspace: this.workspace,
      user: agentUser(undefined),
      output: this.log,
      maxBytes: this.maxBytes,
    };
  }

  /** Puts the last checkpoint together, and holds it against its index. Answers where it lies. */
  async restore(): Promise<string> {
    return restoreCheckpoint(this.bucket.index, async (name) => this.bucket.get(name));
  }
}

/** As the API's documentation says it is done. Throws where a file is not as the manifest says. */
export async function restoreCheckpoint(
  { objects, files, checkpoint }: Manifest,
  download: (name: string) => Promise<Buffer>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-restored-'));
  for (const { name, size, sha256: hash } of objects) {
    const content = await download(name);
    if (content.length !== size || sha256(content) !== hash) throw new Error(`${name} is not what the manifest says.`);
    if (isArchive(name)) execFileSync('tar', ['xzf', '-', '-C', folder], { input: content });
  }
  for (const gone of checkpoint?.removed ?? []) rmSync(inFolder(folder, gone), { recursive: true, force: true });
  for (const file of files) assertIs(inFolder(folder, file), file);
  return folder;
}

function inFolder(folder: string, { path, pathEncoding }: Pick<ManifestFile, 'path' | 'pathEncoding'>): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, pathEncoding ?? 'utf8')]);
}

function assertIs(path: Buffer, { type, size, sha256: hash }: ManifestFile): void {
  const isLink = lstatSync(path).isSymbolicLink();
  const content = isLink ? readlinkSync(path, { encoding: 'buffer' }) : readFileSync(path);
  const isRight = isLink === (type === 'link') && sha256(content) === hash && (isLink || content.length === size);
  if (!isRight) throw new Error(`${path.toString('latin1')} is not what the manifest says.`);
}

/** The tree below a folder, as text: names, modes, and sums of contents. */
export function treeOf(folder: string): string {
  const listing =
    'find . -mindepth 1 -printf "%y %m %P %l\\n" | sort; find . -type f -print0 | sort -z | xargs -0r sha256sum';
  return execFileSync('bash', ['-c', listing], {
    cwd: folder,
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  }).toString('latin1');
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
