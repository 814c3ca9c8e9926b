import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { ARTIFACTS, type Artifact, artifactKey } from '../../core/artifact-keys.ts';
import type { AttemptRef } from '../../core/ids.ts';
import type { ManifestObject } from '../../core/manifest.ts';

/** S3 takes 10,000 parts: 80 GB. Four of them are in memory at once. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;

const CONTENT_TYPES: Readonly<Record<Artifact, string>> = {
  manifest: 'application/json',
  archive: 'application/gzip',
  patch: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  result: 'application/json',
};

/** Where the output of one attempt goes. */
export interface OutputBucket {
  /** Uploads what comes, as it comes. Where the source or S3 fails, it throws, and there is no object. */
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
        params: {
          Bucket: this.bucket,
          Key: artifactKey(this.attempt, artifact),
          Body: body,
          ContentType: CONTENT_TYPES[artifact],
        },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      }).done();
    } finally {
      body.destroy();
    }
    return { name: ARTIFACTS[artifact], size, sha256: hash.digest('hex') };
  }

  async putJson(artifact: Artifact, document: unknown): Promise<ManifestObject> {
    return this.put(artifact, Readable.from([Buffer.from(`${JSON.stringify(document, null, 2)}\n`)]));
  }
}
