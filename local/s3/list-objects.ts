import type { AwsResponse } from '../aws-service.ts';
import { encodeStrictly } from '../gateway/signature.ts';
import type { Bucket } from './bucket.ts';
import type { ObjectRecord } from './records.ts';
import { invalidArgument } from './s3-error.ts';
import { allowParams, numberParam, type S3Request } from './s3-request.ts';
import { type XmlTree, xmlResponse } from './s3-xml.ts';
import type { SortedMap } from './sorted-map.ts';

const PAGE = 1000;

/** Where a page begins: behind a key, or behind all keys of a common prefix. */
interface Place {
  readonly after: string;
  readonly isPrefix: boolean;
}

interface Page {
  readonly objects: readonly ObjectRecord[];
  readonly prefixes: readonly string[];
  /** Where the next page begins, if there is one. */
  readonly next?: Place;
}

export function listObjectsV2(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request);
  const query = readQuery(request);
  const token = request.params.get('continuation-token');
  const startAfter = request.params.get('start-after') ?? '';
  const page = walk(
    bucket.objects,
    query,
    token === undefined ? { after: startAfter, isPrefix: false } : readToken(token),
  );
  return xmlResponse('ListBucketResult', {
    ...describeList(bucket, query, page),
    KeyCount: page.objects.length + page.prefixes.length,
    ContinuationToken: token,
    NextContinuationToken: page.next && writeToken(page.next),
    StartAfter: startAfter === '' ? undefined : query.encode(startAfter),
  });
}

/** The first version of the operation, whose marker is a key or a common prefix of the page before. */
export function listObjectsV1(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request);
  const query = readQuery(request);
  const marker = request.params.get('marker') ?? '';
  const isPrefix = query.delimiter !== '' && marker.endsWith(query.delimiter) && marker.startsWith(query.prefix);
  const page = walk(bucket.objects, query, { after: marker, isPrefix });
  const nextMarker = query.delimiter === '' ? undefined : page.next;
  return xmlResponse('ListBucketResult', {
    ...describeList(bucket, query, page),
    Marker: query.encode(marker),
    NextMarker: nextMarker && query.encode(nextMarker.after),
  });
}

interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  readonly encodingType: string | undefined;
  encode(text: string): string;
}

function readQuery(request: S3Request): ListQuery {
  const encodingType = request.params.get('encoding-type');
  if (encodingType !== undefined && encodingType !== 'url') {
    throw invalidArgument('encoding-type', encodingType, 'Invalid Encoding Method specified in Request');
  }
  return {
    prefix: request.params.get('prefix') ?? '',
    delimiter: request.params.get('delimiter') ?? '',
    maxKeys: Math.min(numberParam(request, 'max-keys', PAGE, [0, 2 ** 31 - 1]), PAGE),
    encodingType,
    encode: encodingType === 'url' ? urlEncode : (text) => text,
  };
}

function walk(objects: SortedMap<ObjectRecord>, query: ListQuery, from: Place): Page {
  const { prefix, delimiter, maxKeys } = query;
  const found: ObjectRecord[] = [];
  const prefixes: string[] = [];
  let last: Place | undefined;
  let position = Math.max(
    objects.firstAtOrAfter(prefix),
    from.isPrefix ? objects.firstBeyond(from.after) : from.after === '' ? 0 : objects.firstAfter(from.after),
  );
  for (;;) {
    const key = objects.keyAt(position);
    if (key === undefined || !key.startsWith(prefix)) return { objects: found, prefixes };
    if (found.length + prefixes.length === maxKeys)
      return { objects: found, prefixes, ...(last ? { next: last } : {}) };
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut < 0) {
      const object = objects.get(key);
      if (object) found.push(object);
      last = { after: key, isPrefix: false };
      position += 1;
    } else {
      const common = key.slice(0, cut + delimiter.length);
      prefixes.push(common);
      last = { after: common, isPrefix: true };
      position = objects.firstBeyond(common);
    }
  }
}

function describeList(bucket: Bucket, query: ListQuery, page: Page): XmlTree {
  return {
    Name: bucket.name,
    Prefix: query.encode(query.prefix),
    Delimiter: query.delimiter === '' ? undefined : query.encode(query.delimiter),
    EncodingType: query.encodingType,
    MaxKeys: query.maxKeys,
    IsTruncated: page.next !== undefined,
    Contents: page.objects.map((object) => describeEntry(object, query)),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: query.encode(prefix) })),
  };
}

function describeEntry(object: ObjectRecord, query: ListQuery): XmlTree {
  return {
    Key: query.encode(object.key),
    LastModified: new Date(object.modified).toISOString(),
    ETag: `"${object.etag}"`,
    ChecksumAlgorithm: object.checksum?.algorithm,
    ChecksumType: object.checksum?.type,
    Size: object.size,
    StorageClass: object.headers['x-amz-storage-class'] ?? 'STANDARD',
  };
}

function writeToken(place: Place): string {
  return Buffer.from(`${place.isPrefix ? 'p' : 'k'}${place.after}`).toString('base64url');
}

function readToken(token: string): Place {
  const text = Buffer.from(token, 'base64url').toString();
  if (/^[pk]./s.test(text)) return { after: text.slice(1), isPrefix: text.startsWith('p') };
  throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
}

function urlEncode(text: string): string {
  return text.split('/').map(encodeStrictly).join('/');
}
