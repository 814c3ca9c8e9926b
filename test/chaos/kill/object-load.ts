import { createCipheriv, createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { EmbeddedProcess, KillableAws } from '../killable-aws.ts';
import { isAcknowledged, type Load } from './load.ts';

const PREFIX = 'chaos/';
const UPLOADERS = 3;
const KEYS_EACH = 8;
const SMALL_BYTES = 400_000;
/** Every tenth object is larger than a part, and goes in several. */
const LARGE_EVERY = 10;
const PART_BYTES = 5 * 2 ** 20;

/** Objects of many sizes, written over and over under a few keys, each body told by its key and version. */
export class ObjectLoad implements Load {
  /** The versions that a reader may find under a key: the last acknowledged one, or one in doubt since; 0 is none. */
  private readonly possible = new Map<string, ReadonlySet<number>>();
  private version = 0;

  async run(aws: KillableAws): Promise<Record<string, number>> {
    const uploads = await Promise.all(Array.from({ length: UPLOADERS }, (_, n) => this.upload(aws, n)));
    return { objects: uploads.reduce((total, number) => total + number, 0) };
  }

  private async upload(aws: KillableAws, uploader: number): Promise<number> {
    const client = clientOf(aws);
    for (let done = 0; ; done += 1) {
      const large = (done + 3 * uploader) % LARGE_EVERY === 1;
      const Key = `${PREFIX}${uploader}/${large ? 'large' : done % KEYS_EACH}`;
      this.version += 1;
      const version = this.version;
      this.possible.set(Key, new Set([...(this.possible.get(Key) ?? [0]), version]));
      const target = { Bucket: bucketOf(aws), Key, Body: bodyOf(Key, version) };
      const writing = large
        ? new Upload({ client, params: target, partSize: PART_BYTES }).done()
        : client.send(new PutObjectCommand(target));
      if (!(await isAcknowledged(aws, writing))) return done;
      this.possible.set(Key, new Set([version]));
    }
  }

  async faults(aws: EmbeddedProcess): Promise<string[]> {
    const client = clientOf(aws);
    const listed = new Set<string>();
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client },
      { Bucket: bucketOf(aws), Prefix: PREFIX },
    )) {
      for (const { Key = '' } of Contents) listed.add(Key);
    }
    const faults: string[] = [];
    for (const [key, versions] of this.possible) {
      const bytes = listed.has(key) ? await read(client, bucketOf(aws), key) : undefined;
      const held = [...versions].find((it) => (it === 0 ? !bytes : bytes?.equals(bodyOf(key, it))));
      if (held === undefined) faults.push(`${bytes ? 'garbled' : 'lost'}: the object ${key}`);
      else this.possible.set(key, new Set([held]));
    }
    for (const key of listed) if (!this.possible.has(key)) faults.push(`made up: the object ${key}`);
    client.destroy();
    return faults;
  }
}

/** Bytes without a pattern: a part in another's place would show. */
function bodyOf(key: string, version: number): Buffer {
  const seed = createHash('sha256').update(`${key} ${version}`).digest();
  const spread = seed.readUInt32BE(0) / 2 ** 32;
  const size = key.endsWith('large') ? PART_BYTES * (1 + 1.5 * spread) : SMALL_BYTES * spread ** 3;
  return createCipheriv('aes-128-ctr', seed.subarray(0, 16), seed.subarray(16)).update(Buffer.alloc(Math.floor(size)));
}

async function read(client: S3Client, Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function bucketOf({ outputs }: EmbeddedProcess): string {
  return outputs['ContextBucket'] ?? '';
}

function clientOf({ operator }: EmbeddedProcess): S3Client {
  return new S3Client({ ...operator, maxAttempts: 1 });
}
