import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { AwsError } from './aws-error.ts';

export const BUFFERED_LIMIT = 16 * 1024 * 1024;
const SILENCE_MS = 60_000;

/**
 * The body of a request as a stream of its own: it fails when the client leaves half-way or falls silent, and may fail
 * itself without taking the connection along, which still has to carry the answer.
 *
 * @param sha256 lower-case hex that the whole body must hash to
 */
export function bodyStream(request: IncomingMessage, sha256?: string): Readable {
  const body =
    sha256 === undefined ? new Transform({ transform: (chunk, _, done) => done(null, chunk) }) : hashChecked(sha256);
  const cutOff = () => {
    if (!request.complete) body.destroy(requestTimeout());
  };
  request.setTimeout(SILENCE_MS, cutOff);
  request.once('close', cutOff).once('error', cutOff);
  request.once('end', () => request.socket.setTimeout(0));
  // A body that fails before its reader comes must not end the process: the reader sees the error when it reads.
  body.on('error', () => {});
  return request.pipe(body);
}

/** Collects a whole stream; throws an `AwsError` over 16 MiB. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BUFFERED_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

export function tooLarge(): AwsError {
  return new AwsError('RequestEntityTooLargeException', `The request body is over ${BUFFERED_LIMIT} bytes.`, {
    status: 413,
  });
}

function hashChecked(sha256: string): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(hash.digest('hex') === sha256 ? null : payloadMismatch());
    },
  });
}

function payloadMismatch(): AwsError {
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  return new AwsError('XAmzContentSHA256Mismatch', message);
}

function requestTimeout(): AwsError {
  const message =
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.';
  return new AwsError('RequestTimeout', message);
}
