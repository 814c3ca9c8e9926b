import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AwsError } from '../gateway/aws-error.ts';
import { readClaim, scopeOf, sign, signingKey } from '../gateway/signature.ts';
import type { Bucket } from './bucket.ts';
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumHeader,
  checksumOf,
  isChecksumAlgorithm,
  Meter,
} from './checksum.ts';
import { ChunkedBody, type ChunkSigner } from './chunked-body.ts';
import type { DataFile } from './records.ts';
import { badDigest, incompleteBody, invalidRequest, notImplemented } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** The largest object of one PUT, and the largest part. */
export const BODY_LIMIT = 5 * 1024 ** 3;

/** Bytes that lie in the bucket's data folder, not yet part of any object. */
export interface Received {
  readonly file: DataFile;
  /** Hex */
  readonly md5: string;
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

/** What the client says about its body, to be found true. */
export interface Announcement {
  /** The algorithm that the client chose, where it chose one. */
  readonly algorithm?: ChecksumAlgorithm;
  /** Base64, where the client sent it ahead. */
  readonly checksum?: string;
  readonly inTrailer: boolean;
  /** Base64 */
  readonly contentMd5?: string;
}

/** Stores a request's body as it streams in, and checks length, MD5 and checksum; on any fault nothing stays behind. */
export async function receiveBody(
  request: S3Request,
  bucket: Bucket,
  announced: Announcement,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<Received> {
  const length = declaredLength(request);
  const decoder = chunkDecoder(request);
  const meter = new Meter(new Set(algorithms), BODY_LIMIT, tooLarge);
  const file = await bucket.data.write(request.aws.stream, ...(decoder ? [decoder] : []), meter);
  const { md5, checksums } = await meter.digests();
  try {
    if (meter.size !== length) throw incompleteBody();
    checkDigests(announced, md5, checksums, decoder?.trailers);
  } catch (error) {
    bucket.data.remove([file]);
    throw error;
  }
  return { file, md5, checksums };
}

/** Reads a small body whole, and checks it where the client said how. */
export async function readChecked(request: S3Request): Promise<Buffer> {
  const announced = readAnnouncement(request);
  const body = await request.aws.readBody();
  const checksums = new Map<ChecksumAlgorithm, string>();
  if (announced.algorithm) checksums.set(announced.algorithm, await checksumOf(announced.algorithm, body));
  checkDigests(announced, createHash('md5').update(body).digest('hex'), checksums);
  return body;
}

/** Stores a stream of our own, such as the source of a copy. */
export async function receiveStream(bucket: Bucket, stream: Readable, algorithm: ChecksumAlgorithm): Promise<Received> {
  const meter = new Meter([algorithm], BODY_LIMIT, tooLarge);
  const file = await bucket.data.write(stream, meter);
  return { file, ...(await meter.digests()) };
}

export function readAnnouncement(request: S3Request): Announcement {
  const sent = request.headersFrom('x-amz-checksum-').filter(([name]) => !/-(mode|algorithm|type)$/.test(name));
  if (sent.length > 1) {
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  const trailer = (request.header('x-amz-trailer') ?? '').toLowerCase();
  const header = sent[0]?.[0] ?? (trailer === '' ? undefined : trailer);
  const contentMd5 = request.header('content-md5');
  if (contentMd5 !== undefined && Buffer.from(contentMd5, 'base64').length !== 16) {
    throw new AwsError('InvalidDigest', 'The Content-MD5 you specified is not valid.');
  }
  return {
    ...(header === undefined ? {} : { algorithm: algorithmOf(header) }),
    ...(sent[0] === undefined ? {} : { checksum: sent[0][1] }),
    inTrailer: sent.length === 0 && trailer !== '',
    ...(contentMd5 === undefined ? {} : { contentMd5 }),
  };
}

/** Throws `BadDigest` where the body is not what was announced. */
export function checkDigests(
  announced: Announcement,
  md5: string,
  checksums: ReadonlyMap<ChecksumAlgorithm, string>,
  trailers?: ReadonlyMap<string, string>,
): void {
  const { algorithm, contentMd5 } = announced;
  if (contentMd5 !== undefined && Buffer.from(contentMd5, 'base64').toString('hex') !== md5) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  if (!algorithm) return;
  const expected = announced.inTrailer ? trailers?.get(checksumHeader(algorithm)) : announced.checksum;
  if (expected === undefined) {
    throw new AwsError('MalformedTrailerError', 'The request contained trailing data that was not well-formed.');
  }
  if (expected !== checksums.get(algorithm)) {
    throw badDigest(algorithm);
  }
}

function algorithmOf(header: string): ChecksumAlgorithm {
  const name = header.replace('x-amz-checksum-', '').toUpperCase();
  if (isChecksumAlgorithm(name)) return name;
  throw notImplemented(`${header}; of checksums there are ${CHECKSUM_ALGORITHMS.join(', ')}`);
}

function declaredLength(request: S3Request): number {
  const text = request.header('x-amz-decoded-content-length') ?? request.header('content-length');
  if (text === undefined) {
    // Clients may send an empty PUT without any length.
    if (request.header('transfer-encoding') === undefined) return 0;
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', { status: 411 });
  }
  const length = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(length)) throw invalidRequest('The length of the body is not a number.');
  if (length > BODY_LIMIT) throw tooLarge();
  return length;
}

function chunkDecoder(request: S3Request): ChunkedBody | undefined {
  const kind = request.header('x-amz-content-sha256') ?? '';
  if (!kind.startsWith('STREAMING-')) return undefined;
  const hasTrailer = kind.endsWith('-TRAILER');
  if (kind.startsWith('STREAMING-UNSIGNED-PAYLOAD')) return new ChunkedBody(undefined, hasTrailer);
  if (kind.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')) return new ChunkedBody(chunkSigner(request), hasTrailer);
  throw notImplemented(`x-amz-content-sha256: ${kind}`);
}

function chunkSigner(request: S3Request): ChunkSigner {
  const { headers, query, caller } = request.aws;
  const claim = readClaim(headers, query);
  if (!claim || claim === 'malformed') throw invalidRequest('A signed chunked body needs a signed request.');
  const key = signingKey(caller.secretAccessKey, claim);
  return {
    seed: claim.signature,
    sign: (algorithm, lines) => sign(key, [algorithm, claim.signedAt, scopeOf(claim), ...lines].join('\n')),
  };
}

function tooLarge(): AwsError {
  const message = 'Your proposed upload exceeds the maximum allowed size';
  return new AwsError('EntityTooLarge', message, { fields: { MaxSizeAllowed: BODY_LIMIT } });
}
