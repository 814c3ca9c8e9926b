import { AwsError } from '../gateway/aws-error.ts';
import { checksumHeader } from './checksum.ts';
import type { ObjectRecord } from './records.ts';
import { notImplemented } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

const KEPT = ['cache-control', 'content-disposition', 'content-language', 'expires', 'x-amz-storage-class'];
const ENCRYPTION = 'x-amz-server-side-encryption';
const METADATA_LIMIT = 2048;
const REFUSED = [
  'x-amz-tagging',
  'x-amz-object-lock-',
  'x-amz-website-redirect-location',
  'x-amz-grant-',
  'x-amz-write-offset-bytes',
  `${ENCRYPTION}-customer-`,
];

/** What an object keeps of the request that made it. Throws for headers that would ask for more than is built here. */
export function headersToKeep(
  request: S3Request,
  encryption: Readonly<Record<string, string>>,
): Record<string, string> {
  refuseHeaders(request);
  const headers: Record<string, string> = {
    'content-type': request.header('content-type') ?? 'binary/octet-stream',
    ...(request.header(ENCRYPTION) === undefined ? encryption : Object.fromEntries(request.headersFrom(ENCRYPTION))),
  };
  for (const name of KEPT) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const coding = (request.header('content-encoding') ?? '').split(',').map((item) => item.trim());
  const kept = coding.filter((item) => item !== '' && item !== 'aws-chunked').join(',');
  if (kept !== '') headers['content-encoding'] = kept;
  return { ...headers, ...metadata(request) };
}

/** The headers by which S3 describes an object on GET and HEAD. */
export function describeObject(object: ObjectRecord): Record<string, string> {
  const { 'x-amz-storage-class': storageClass = 'STANDARD', ...headers } = object.headers;
  return {
    ...headers,
    ...(storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': storageClass }),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modified).toUTCString(),
    'accept-ranges': 'bytes',
  };
}

/** The encryption headers that answers to writes repeat. */
export function describeEncryption(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(ENCRYPTION)));
}

export function describeChecksum(object: ObjectRecord): Record<string, string> {
  if (!object.checksum) return {};
  const { algorithm, value, type } = object.checksum;
  return { [checksumHeader(algorithm)]: value, 'x-amz-checksum-type': type };
}

function metadata(request: S3Request): Record<string, string> {
  const pairs = request.headersFrom('x-amz-meta-');
  const size = pairs.reduce(
    (sum, [name, value]) => sum + name.length - 'x-amz-meta-'.length + Buffer.byteLength(value),
    0,
  );
  if (size <= METADATA_LIMIT) return Object.fromEntries(pairs);
  const message = 'Your metadata headers exceed the maximum allowed metadata size';
  throw new AwsError('MetadataTooLarge', message, { fields: { Size: size, MaxSizeAllowed: METADATA_LIMIT } });
}

function refuseHeaders(request: S3Request): void {
  for (const prefix of REFUSED) {
    const [found] = request.headersFrom(prefix);
    if (found) throw notImplemented(`the header ${found[0]}`);
  }
  const acl = request.header('x-amz-acl');
  if (acl !== undefined && !['private', 'bucket-owner-full-control'].includes(acl)) {
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
}
