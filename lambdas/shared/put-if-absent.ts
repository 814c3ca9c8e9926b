import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { ObjectPlace } from './s3-document.ts';

/** Tries of a conditional put that S3 answers with a conflict, because another one is under way. */
const TRIES = 4;

/** Puts a JSON object where there is none yet. Returns `false` where there is one, and leaves it as it is. */
export async function putIfAbsent(client: S3Client, place: ObjectPlace, body: string): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const answer = await tryToPut(client, place, body);
    if (answer !== 'conflict') return answer === 'put';
    if (tries === TRIES) throw new Error(`${place.key} is being written by too many at once.`);
  }
}

async function tryToPut(
  client: S3Client,
  { bucket, key }: ObjectPlace,
  body: string,
): Promise<'put' | 'exists' | 'conflict'> {
  try {
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/json', IfNoneMatch: '*' }),
    );
    return 'put';
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    if (error.name === 'PreconditionFailed') return 'exists';
    if (error.name === 'ConditionalRequestConflict') return 'conflict';
    throw error;
  }
}
