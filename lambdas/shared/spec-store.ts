import { CopyObjectCommand, PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { specKey } from '../../core/artifact-keys.ts';
import { DispatchSpec } from '../../core/dispatch-spec.ts';
import { type Document, readDocument } from './s3-document.ts';

/** Tries of a conditional put that S3 answers with a conflict, because another one is under way. */
const PUT_TRIES = 4;

/** The spec of every dispatch, in the context bucket. */
export class SpecStore {
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  /** Puts the spec where there is none yet. Returns `false` where there is one, and leaves it as it is. */
  async putSpec(spec: DispatchSpec): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.putIfAbsent(specKey(spec.dispatchId), JSON.stringify(spec));
      if (answer !== 'conflict') return answer === 'put';
      if (attempt === PUT_TRIES)
        throw new Error(`The spec of ${spec.dispatchId} is being written by too many at once.`);
    }
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

  private async putIfAbsent(key: string, body: string): Promise<'put' | 'exists' | 'conflict'> {
    try {
      await this.client.send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key: key,
          Body: body,
          ContentType: 'application/json',
          IfNoneMatch: '*',
        }),
      );
      return 'put';
    } catch (error) {
      if (!(error instanceof S3ServiceException)) throw error;
      if (error.name === 'PreconditionFailed') return 'exists';
      if (error.name === 'ConditionalRequestConflict') return 'conflict';
      throw error;
    }
  }
}
