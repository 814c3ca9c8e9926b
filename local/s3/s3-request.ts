import type { AwsRequest } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { queryPairs } from '../gateway/signature.ts';
import { invalidArgument, notImplemented } from './s3-error.ts';

const KEY_LIMIT = 1024;

/** Parameters that would make of a request something else than what its method says. */
const SUBRESOURCES = new Set(
  `acl accelerate analytics attributes cors encryption intelligent-tiering inventory legal-hold lifecycle logging metrics
  notification object-lock ownershipControls partNumber policy policyStatus publicAccessBlock renameObject replication
  requestPayment restore retention select tagging torrent uploadId uploads versionId versioning versions website delete
  location append session`.split(/\s+/),
);

/** A request to S3, its path and parameters taken apart. */
export interface S3Request {
  readonly aws: AwsRequest;
  readonly method: string;
  /** Empty for a request to the service itself. */
  readonly bucket: string;
  /** Empty for a request to a bucket. */
  readonly key: string;
  readonly params: ReadonlyMap<string, string>;
  /** A header of the request, or the parameter that stands for it in a presigned URL. */
  header(name: string): string | undefined;
  /** All headers that begin so, hoisted ones included. */
  headersFrom(prefix: string): [name: string, value: string][];
}

export function readRequest(aws: AwsRequest): S3Request {
  const [bucket, key] = splitPath(aws.path);
  const params = new Map(queryPairs(aws.query));
  const headers = allHeaders(aws, params);
  if (Buffer.byteLength(key) > KEY_LIMIT) {
    const fields = { Size: Buffer.byteLength(key), MaxSizeAllowed: KEY_LIMIT };
    throw new AwsError('KeyTooLongError', 'Your key is too long', { fields });
  }
  return {
    aws,
    method: aws.method,
    bucket,
    key,
    params,
    header: (name) => headers.get(name),
    headersFrom: (prefix) => [...headers].filter(([name]) => name.startsWith(prefix)),
  };
}

/** Throws `NotImplemented` where the request has a parameter with a meaning of its own that is not among these. */
export function allowParams(request: S3Request, ...allowed: string[]): void {
  for (const name of request.params.keys()) {
    const plainVersion = name === 'versionId' && request.params.get(name) === 'null';
    if (SUBRESOURCES.has(name) && !allowed.includes(name) && !plainVersion)
      throw notImplemented(`the parameter ${name}`);
  }
}

/** A whole number among the parameters; throws `InvalidArgument` outside of the range. */
export function numberParam(request: S3Request, name: string, fallback: number, [low, high]: [number, number]): number {
  const text = request.params.get(name);
  if (text === undefined || text === '') return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw invalidArgument(name, text, `Argument ${name} must be an integer between ${low} and ${high}`);
}

function splitPath(path: string): [bucket: string, key: string] {
  const at = path.indexOf('/', 1);
  const [bucket, key] = at < 0 ? [path.slice(1), ''] : [path.slice(1, at), path.slice(at + 1)];
  return [decodeURIComponent(bucket), decodeURIComponent(key)];
}

/**
 * A presigner moves `x-amz-*` headers into the query, and S3 takes them from there. Not so checksums: the SDK presigns
 * before there is a body and writes the checksum of nothing, which S3 ignores.
 */
function allHeaders(aws: AwsRequest, params: ReadonlyMap<string, string>): Map<string, string> {
  const headers = new Map<string, string>();
  if (params.has('X-Amz-Signature')) {
    for (const [name, value] of params) {
      if (/^x-amz-(?!checksum-(?!mode$)|sdk-)/i.test(name)) headers.set(name.toLowerCase(), value);
    }
  }
  for (const [name, value] of Object.entries(aws.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(',') : value);
  }
  return headers;
}
