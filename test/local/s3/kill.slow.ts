import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUCKET } from './running-s3.ts';

const ROUNDS = Number(process.env['S3_KILL_ROUNDS'] ?? 2);
let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-s3-kill-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<S3Client> {
  child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 's3-process.ts'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('The process has no output.');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { endpoint, accessKeyId, secretAccessKey } = JSON.parse(line);
  return new S3Client({ endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
}

async function kill(): Promise<void> {
  if (!child) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Bytes that follow from the key and a version, between nothing and 300 kB. */
function bodyOf(key: string, version: number): Buffer {
  const seed = createHash('sha256').update(`${key} ${version}`).digest();
  return Buffer.alloc((seed.readUInt16BE(0) * 5) % 300_000, seed);
}

/** What each key may hold: the versions that a reader may find, 0 for none. The last acknowledged one, or a later. */
type Ledger = Map<string, Set<number>>;

/** Writes, overwrites and deletes until the process is gone; then only connection errors are left. */
async function load(client: S3Client, ledger: Ledger, worker: number, acknowledged: () => void): Promise<void> {
  for (let step = 1; ; step += 1) {
    const key = `../${worker}/${step % 7}`;
    const version = ledger.size * 1000 + step;
    const next = step % 5 === 0 ? 0 : version;
    const possible = ledger.get(key) ?? new Set([0]);
    ledger.set(key, new Set([...possible, next]));
    try {
      await write(client, key, next, step);
    } catch (error) {
      expect((error as Error & { $response?: unknown }).$response, 'an answer other than success').toBeUndefined();
      return;
    }
    ledger.set(key, new Set([next]));
    acknowledged();
  }
}

async function write(client: S3Client, Key: string, version: number, step: number): Promise<void> {
  const target = { Bucket: BUCKET, Key };
  if (version === 0) await client.send(new DeleteObjectCommand(target));
  else if (step % 3 === 0) await writeInParts(client, Key, bodyOf(Key, version));
  else await client.send(new PutObjectCommand({ ...target, Body: bodyOf(Key, version) }));
}

async function writeInParts(client: S3Client, Key: string, Body: Buffer): Promise<void> {
  const target = { Bucket: BUCKET, Key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
}

async function found(client: S3Client): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: BUCKET })) {
    for (const { Key = '' } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      objects.set(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
    }
  }
  return objects;
}

describe('S3 that is killed while it writes', () => {
  it(`loses nothing that it acknowledged, and shows nothing half-written, in ${ROUNDS} rounds`, async () => {
    const ledger: Ledger = new Map();
    for (let round = 0; round < ROUNDS; round += 1) {
      let client = await start();
      let writes = 0;
      const enough = 60 + round * 17;
      let killed: Promise<void> | undefined;
      const onWrite = () => {
        writes += 1;
        if (writes === enough) killed = kill();
      };
      await Promise.all([0, 1, 2, 3].map((worker) => load(client, ledger, worker, onWrite)));
      await killed;
      client.destroy();

      client = await start();
      const objects = await found(client);

      for (const [key, versions] of ledger) {
        const bytes = objects.get(key);
        const held = [...versions].find((version) => (version === 0 ? !bytes : bytes?.equals(bodyOf(key, version))));
        expect(held, `${key} holds one of the versions ${[...versions]}`).toBeDefined();
        ledger.set(key, new Set([held ?? 0]));
      }
      expect([...objects.keys()].filter((key) => !ledger.has(key))).toEqual([]);
      await kill();
      client.destroy();
    }
    expect(readdirSync(folder).sort()).toEqual(['gateway-secret', 's3']);
  });
});
