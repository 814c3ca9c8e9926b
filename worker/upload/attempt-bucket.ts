import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, ListObjectsV2Command, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { ARTIFACTS, type Artifact, outputPrefix } from '../../core/artifact-keys.ts';
import type { AttemptRef } from '../../core/ids.ts';
import type { ManifestObject } from '../../core/manifest.ts';
import type { CheckpointBucket } from '../checkpoints/take-checkpoint.ts';

/** S3's least: it takes 10,000 of them, 48 GiB. Three are in memory at once, each some three times on its way to the socket. */
const PART_BYTES = 5 * 1024 * 1024;
const PARTS_AT_ONCE = 3;

const CONTENT_TYPES: Readonly<Record<Artifact, string>> = {
  manifest: 'application/json',
  archive: 'application/gzip',
  patch: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  result: 'application/json',
};

/** There is a manifest already: of a checkpoint that was presented, or our own, whose answer was lost. */
export class ManifestExistsError extends Error {
  override readonly name = 'ManifestExistsError';

  constructor() {
    super('The attempt has its manifest already.');
  }
}

/** Where the output of one attempt goes. */
export interface OutputBucket extends CheckpointBucket {
  /**
   * Uploads what comes, as it comes. Where the source or S3 fails, it throws, and there is no object. A manifest is put
   * where there is none; where there is one, a `ManifestExistsError` is thrown.
   */
  put(artifact: Artifact, source: AsyncIterable<Buffer>): Promise<ManifestObject>;
  putJson(artifact: Artifact, document: unknown): Promise<ManifestObject>;
}

/** The attempt's prefix in the artifacts bucket. */
export class AttemptBucket implements OutputBucket {
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
    private readonly attempt: AttemptRef,
  ) {}

  async put(artifact: Artifact, source: AsyncIterable<Buffer>): Promise<ManifestObject> {
    const condition = artifact === 'manifest' ? { IfNoneMatch: '*' } : {};
    try {
      return await this.upload(ARTIFACTS[artifact], { ContentType: CONTENT_TYPES[artifact], ...condition }, source);
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') throw new ManifestExistsError();
      throw error;
    }
  }

  async putJson(artifact: Artifact, document: unknown): Promise<ManifestObject> {
    return this.put(artifact, Readable.from([Buffer.from(`${JSON.stringify(document, null, 2)}\n`)]));
  }

  async putObject(
    name: string,
    contentType: string,
    source: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<ManifestObject> {
    return this.upload(name, { ContentType: contentType }, source);
  }

  async removeObject(name: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: this.keyOf(name) }));
  }

  /** By a list of one: S3 tells that a single object is not there only to whoever may list all of the bucket. */
  async hasManifest(): Promise<boolean> {
    const Prefix = this.keyOf(ARTIFACTS.manifest);
    const { Contents = [] } = await this.client.send(
      new ListObjectsV2Command({ Bucket: this.bucket, Prefix, MaxKeys: 1 }),
    );
    return Contents.length > 0;
  }

  private async upload(
    name: string,
    headers: { readonly ContentType: string; readonly IfNoneMatch?: string },
    source: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<ManifestObject> {
    const hash = createHash('sha256');
    let size = 0;
    const counted = async function* () {
      for await (const chunk of source) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    };
    const body = Readable.from(counted(), { objectMode: false });
    try {
      await new Upload({
        client: this.client,
        params: { Bucket: this.bucket, Key: this.keyOf(name), Body: body, ...headers },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      }).done();
    } finally {
      body.destroy();
    }
    return { name, size, sha256: hash.digest('hex') };
  }

  private keyOf(name: string): string {
    return `${outputPrefix(this.attempt)}${name}`;
  }
}
