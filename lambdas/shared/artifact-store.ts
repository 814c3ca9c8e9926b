import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { z } from 'zod';
import { artifactKey, specKey } from '../../core/artifact-keys.ts';
import { DispatchSpec } from '../../core/dispatch-spec.ts';
import type { AttemptRef } from '../../core/ids.ts';
import { MAX_MANIFEST_BYTES, Manifest } from '../../core/manifest.ts';
import { WorkerResult } from '../../core/worker-result.ts';

/** A document as it was found: what it says, or why it says nothing. */
export type Document<T> = { readonly valid: true; readonly content: T } | { readonly valid: false; reason: string };

export interface Buckets {
  readonly artifacts: string;
  readonly context: string;
}

/** Tries of a conditional put that S3 answers with a conflict, because another one is under way. */
const PUT_TRIES = 4;

/** What lies in S3: the spec of every dispatch, and the output of every attempt. */
export class ArtifactStore {
  constructor(
    private readonly client: S3Client,
    private readonly buckets: Buckets,
  ) {}

  /** Puts the spec where there is none yet. Returns `false` where there is one, and leaves it as it is. */
  async putSpec(spec: DispatchSpec): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.putIfAbsent(this.buckets.context, specKey(spec.dispatchId), JSON.stringify(spec));
      if (answer !== 'conflict') return answer === 'put';
      if (attempt === PUT_TRIES)
        throw new Error(`The spec of ${spec.dispatchId} is being written by too many at once.`);
    }
  }

  async getSpec(dispatchId: string): Promise<Document<DispatchSpec> | undefined> {
    return this.document(this.buckets.context, specKey(dispatchId), DispatchSpec);
  }

  async getResult(ref: AttemptRef): Promise<Document<WorkerResult> | undefined> {
    return this.document(this.buckets.artifacts, artifactKey(ref, 'result'), WorkerResult);
  }

  async getManifest(ref: AttemptRef): Promise<Document<Manifest> | undefined> {
    return this.document(this.buckets.artifacts, artifactKey(ref, 'manifest'), Manifest);
  }

  /** The size in bytes of an artifact, or `undefined` where there is none. */
  async head(key: string): Promise<{ size: number } | undefined> {
    try {
      const { ContentLength } = await this.client.send(
        new HeadObjectCommand({ Bucket: this.buckets.artifacts, Key: key }),
      );
      return { size: ContentLength ?? 0 };
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  /** A URL by which anyone may download an artifact for so many seconds, under the name given. */
  async presign(key: string, seconds: number, downloadName: string): Promise<string> {
    const command = new GetObjectCommand({
      Bucket: this.buckets.artifacts,
      Key: key,
      ResponseContentDisposition: `attachment; filename="${downloadName.replace(/[^\w.-]/g, '_')}"`,
    });
    return getSignedUrl(this.client, command, { expiresIn: seconds });
  }

  private async putIfAbsent(bucket: string, key: string, body: string): Promise<'put' | 'exists' | 'conflict'> {
    try {
      await this.client.send(
        new PutObjectCommand({
          Bucket: bucket,
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

  private async document<T>(bucket: string, key: string, schema: z.ZodType<T>): Promise<Document<T> | undefined> {
    try {
      const { Body, ContentLength = 0 } = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (ContentLength > MAX_MANIFEST_BYTES) {
        (Body as Readable | undefined)?.destroy();
        return {
          valid: false,
          reason: `has ${ContentLength} bytes, and ${MAX_MANIFEST_BYTES} are the most that is read`,
        };
      }
      return parseDocument((await Body?.transformToString()) ?? '', schema);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }
}

function parseDocument<T>(text: string, schema: z.ZodType<T>): Document<T> {
  const json = parseJson(text);
  if (json === undefined) return { valid: false, reason: 'is not JSON' };
  const parsed = schema.safeParse(json.value);
  return parsed.success
    ? { valid: true, content: parsed.data }
    : { valid: false, reason: z.prettifyError(parsed.error).replace(/\s+/g, ' ') };
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
