import { GetObjectCommand, HeadObjectCommand, NotFound, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { artifactKey, CHECKPOINT_INDEX, outputPrefix } from '../../core/artifact-keys.ts';
import type { AttemptRef } from '../../core/ids.ts';
import { Manifest } from '../../core/manifest.ts';
import { WorkerResult } from '../../core/worker-result.ts';
import { putIfAbsent } from './put-if-absent.ts';
import { type Document, readDocument } from './s3-document.ts';

/** The output of every attempt, in the artifacts bucket. */
export class ArtifactStore {
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  async getResult(ref: AttemptRef): Promise<Document<WorkerResult> | undefined> {
    return readDocument(this.client, { bucket: this.bucket, key: artifactKey(ref, 'result') }, WorkerResult);
  }

  async getManifest(ref: AttemptRef): Promise<Document<Manifest> | undefined> {
    return readDocument(this.client, { bucket: this.bucket, key: artifactKey(ref, 'manifest') }, Manifest);
  }

  /** The index of the attempt's last checkpoint: the manifest that it would have. */
  async getCheckpoint(ref: AttemptRef): Promise<Document<Manifest> | undefined> {
    const key = `${outputPrefix(ref)}${CHECKPOINT_INDEX}`;
    return readDocument(this.client, { bucket: this.bucket, key }, Manifest);
  }

  /** Puts the manifest of an attempt that has none. Returns `false` where it has one, and leaves that as it is. */
  async putManifest(ref: AttemptRef, manifest: Manifest): Promise<boolean> {
    const place = { bucket: this.bucket, key: artifactKey(ref, 'manifest') };
    return putIfAbsent(this.client, place, JSON.stringify(manifest));
  }

  /** The size in bytes of an artifact, or `undefined` where there is none. */
  async head(key: string): Promise<{ size: number } | undefined> {
    try {
      const { ContentLength } = await this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: key }));
      return { size: ContentLength ?? 0 };
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  /** A URL by which anyone may download an artifact for so many seconds, under the name given. */
  async presign(key: string, seconds: number, downloadName: string): Promise<string> {
    const command = new GetObjectCommand({
      Bucket: this.bucket,
      Key: key,
      ResponseContentDisposition: `attachment; filename="${downloadName.replace(/[^\w.-]/g, '_')}"`,
    });
    return getSignedUrl(this.client, command, { expiresIn: seconds });
  }
}
