import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';
import { invalidRequest } from './s3-error.ts';

export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

export interface Digest {
  update(bytes: Uint8Array): void;
  /** Base64 */
  digest(): Promise<string>;
}

export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return (CHECKSUM_ALGORITHMS as readonly string[]).includes(name);
}

/** Reads an algorithm's name as a client sends it; throws `InvalidRequest`. */
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  if (isChecksumAlgorithm(name)) return name;
  throw invalidRequest(`The checksum algorithm must be one of ${CHECKSUM_ALGORITHMS.join(', ')}.`);
}

/** `x-amz-checksum-crc32` and its like. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The element of S3's XML, e.g. `ChecksumCRC32`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

export function startDigest(algorithm: ChecksumAlgorithm): Digest {
  switch (algorithm) {
    case 'CRC32':
      return new Crc32Digest();
    case 'CRC32C':
      return encoded(new Crc32c());
    case 'CRC64NVME':
      return encoded(new Crc64Nvme());
    case 'SHA1':
    case 'SHA256':
      return hashed(algorithm);
  }
}

/** Base64 */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Promise<string> {
  const digest = startDigest(algorithm);
  digest.update(bytes);
  return digest.digest();
}

/** S3's checksum of checksums: of a multipart object whose type is COMPOSITE. */
export async function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): Promise<string> {
  const digest = startDigest(algorithm);
  for (const part of parts) digest.update(Buffer.from(part, 'base64'));
  return `${await digest.digest()}-${parts.length}`;
}

/** Lets bytes through, and knows their number, their MD5 and their checksums at the end. */
export class Meter extends Transform {
  size = 0;
  private readonly hash = createHash('md5');
  private readonly sums: ReadonlyMap<ChecksumAlgorithm, Digest>;

  /** @param limit more bytes than this fail with what `onExcess` returns */
  constructor(
    algorithms: Iterable<ChecksumAlgorithm>,
    private readonly limit: number,
    private readonly onExcess: () => Error,
  ) {
    super();
    this.sums = new Map(Array.from(algorithms, (algorithm) => [algorithm, startDigest(algorithm)]));
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length;
    this.hash.update(chunk);
    for (const sum of this.sums.values()) sum.update(chunk);
    if (this.size > this.limit) done(this.onExcess());
    else done(null, chunk);
  }

  /** Once, at the end: MD5 in hex, checksums in base64. */
  async digests(): Promise<{ md5: string; checksums: Map<ChecksumAlgorithm, string> }> {
    const checksums = new Map<ChecksumAlgorithm, string>();
    for (const [algorithm, sum] of this.sums) checksums.set(algorithm, await sum.digest());
    return { md5: this.hash.digest('hex'), checksums };
  }
}

class Crc32Digest implements Digest {
  private value = 0;

  update(bytes: Uint8Array): void {
    this.value = crc32(bytes, this.value);
  }

  async digest(): Promise<string> {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.value);
    return bytes.toString('base64');
  }
}

function encoded(sum: { update(bytes: Uint8Array): void; digest(): Promise<Uint8Array> }): Digest {
  return {
    update: (bytes) => sum.update(bytes),
    digest: async () => Buffer.from(await sum.digest()).toString('base64'),
  };
}

function hashed(algorithm: 'SHA1' | 'SHA256'): Digest {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: async () => hash.digest('base64') };
}
