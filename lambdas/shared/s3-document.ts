import type { Readable } from 'node:stream';
import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { MAX_MANIFEST_BYTES } from '../../core/manifest.ts';

/** Characters of what is said about a document that is not as it should be. */
const MAX_REASON = 500;

/** A document as it was found: what it says, or why it says nothing. */
export type Document<T> = { readonly valid: true; readonly content: T } | { readonly valid: false; reason: string };

/** Where an object lies. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

/** Reads a JSON object of S3, of as many bytes as a manifest may have; `undefined` where there is none. */
export async function readDocument<T>(
  client: S3Client,
  { bucket, key }: ObjectPlace,
  schema: z.ZodType<T>,
): Promise<Document<T> | undefined> {
  try {
    const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
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

function parseDocument<T>(text: string, schema: z.ZodType<T>): Document<T> {
  const json = parseJson(text);
  if (json === undefined) return { valid: false, reason: 'is not JSON' };
  const parsed = schema.safeParse(json.value);
  return parsed.success
    ? { valid: true, content: parsed.data }
    : { valid: false, reason: z.prettifyError(parsed.error).replace(/\s+/g, ' ').slice(0, MAX_REASON) };
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
