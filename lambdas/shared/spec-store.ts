import { CopyObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { specKey } from '../../core/artifact-keys.ts';
import { DispatchSpec } from '../../core/dispatch-spec.ts';
import { putIfAbsent } from './put-if-absent.ts';
import { type Document, readDocument } from './s3-document.ts';

/** The spec of every dispatch, in the context bucket. */
export class SpecStore {
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  /** Puts the spec where there is none yet. Returns `false` where there is one, and leaves it as it is. */
  async putSpec(spec: DispatchSpec): Promise<boolean> {
    const place = { bucket: this.bucket, key: specKey(spec.dispatchId) };
    return putIfAbsent(this.client, place, JSON.stringify(spec));
  }

  async getSpec(dispatchId: string): Promise<Document<DispatchSpec> | undefined> {
    return readDocument(this.client, { bucket: this.bucket, key: specKey(dispatchId) }, DispatchSpec);
  }

  /**
   * Begins the spec's age anew: the bucket keeps objects for so many days after they were written. Returns `false` where
   * there is none any more.
   */
  async refreshSpec(dispatchId: string): Promise<boolean> {
    const key = specKey(dispatchId);
    try {
      await this.client.send(
        new CopyObjectCommand({
          Bucket: this.bucket,
          Key: key,
          CopySource: `${this.bucket}/${key}`,
          // S3 refuses to copy an object onto itself without a change.
          MetadataDirective: 'REPLACE',
          ContentType: 'application/json',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return false;
      throw error;
    }
  }
}
