import type { AwsResponse } from '../aws-service.ts';
import type { Bucket } from './bucket.ts';
import { type ChecksumAlgorithm, checksumElement, parseAlgorithm } from './checksum.ts';
import { weighRead, writeCondition } from './conditions.ts';
import { describeChecksum, describeEncryption, headersToKeep } from './object-headers.ts';
import { type Received, readAnnouncement, readChecked, receiveBody, receiveStream } from './receive-body.ts';
import type { ObjectRecord } from './records.ts';
import { invalidRequest, noSuchKey, notImplemented, preconditionFailed } from './s3-error.ts';
import { allowParams, type S3Request } from './s3-request.ts';
import { childrenOf, readXml, textOf, type XmlTree, xmlResponse } from './s3-xml.ts';

/** What S3 computes where the client chose no checksum. */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

export async function putObject(request: S3Request, bucket: Bucket): Promise<AwsResponse> {
  allowParams(request);
  const headers = headersToKeep(request, bucket.encryption);
  const announced = readAnnouncement(request);
  const check = writeCondition(request);
  check(bucket.objects.get(request.key));
  const algorithm = announced.algorithm ?? DEFAULT_ALGORITHM;
  const received = await receiveBody(request, bucket, announced, [algorithm]);
  const object = plainObject(request.key, headers, received, algorithm);
  commit(bucket, received, () => bucket.put(object, check));
  const answer = { etag: `"${object.etag}"`, ...describeChecksum(object), ...describeEncryption(headers) };
  return { status: 200, headers: answer };
}

export async function copyObject(
  request: S3Request,
  bucket: Bucket,
  bucketOf: (name: string) => Bucket,
): Promise<AwsResponse> {
  allowParams(request);
  const source = copySource(request, bucketOf);
  const replace = (request.header('x-amz-metadata-directive') ?? 'COPY') === 'REPLACE';
  if (!replace && source.bucket === bucket && source.object.key === request.key) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, " +
        'storage class, website redirect location or encryption attributes.',
    );
  }
  const own = headersToKeep(request, bucket.encryption);
  const headers = replace ? own : { ...source.object.headers, ...describeEncryption(own) };
  const algorithm = copyAlgorithm(request, source.object);
  const check = writeCondition(request);
  const { files, size } = source.object;
  const received = await receiveStream(bucket, source.bucket.data.read(files, { start: 0, end: size }), algorithm);
  const object = plainObject(request.key, headers, received, algorithm);
  commit(bucket, received, () => bucket.put(object, check));
  return xmlResponse('CopyObjectResult', copyResult(object), describeEncryption(headers));
}

export function deleteObject(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request);
  bucket.delete(request.key, writeCondition(request));
  return { status: 204 };
}

export async function deleteObjects(request: S3Request, bucket: Bucket): Promise<AwsResponse> {
  allowParams(request, 'delete');
  const content = readXml(await readChecked(request), 'Delete');
  const objects = childrenOf(content, 'Object');
  const keys = objects.map((object) => textOf(object, 'Key'));
  if (keys.length === 0 || keys.length > 1000 || keys.some((key) => !key))
    throw invalidRequest('Name 1 to 1,000 keys to delete.');
  const foreign = objects.flatMap((object) => Object.keys(object)).find((name) => name !== 'Key');
  if (foreign) throw notImplemented(`${foreign} of an object to delete`);
  const deleted: XmlTree[] = [];
  for (const key of keys as string[]) {
    bucket.delete(key, () => {});
    deleted.push({ Key: key });
  }
  return xmlResponse('DeleteResult', textOf(content, 'Quiet') === 'true' ? {} : { Deleted: deleted });
}

/** The object that a copy reads, its conditions weighed. */
export function copySource(
  request: S3Request,
  bucketOf: (name: string) => Bucket,
): { bucket: Bucket; object: ObjectRecord } {
  const [path = '', query = ''] = (request.header('x-amz-copy-source') ?? '').split('?');
  const [, name = '', key = ''] = /^\/?([^/]+)\/(.+)$/s.exec(decodeURIComponent(path)) ?? [];
  if (query !== '' && query !== 'versionId=null') throw notImplemented('a version of the copy source');
  if (name === '' || key === '') throw invalidRequest('x-amz-copy-source must be <bucket>/<key>, percent-encoded.');
  const bucket = bucketOf(name);
  const object = bucket.objects.get(key);
  if (!object) throw noSuchKey(key);
  if (weighRead(request, object, 'x-amz-copy-source-') === 'not modified') {
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
  }
  return { bucket, object };
}

/** Makes received bytes part of the bucket, or removes them. */
export function commit(bucket: Bucket, received: Received, change: () => void): void {
  try {
    change();
  } catch (error) {
    bucket.data.remove([received.file]);
    throw error;
  }
}

function plainObject(
  key: string,
  headers: Record<string, string>,
  { file, md5, checksums }: Received,
  algorithm: ChecksumAlgorithm,
): ObjectRecord {
  const checksum = { algorithm, value: checksums.get(algorithm) ?? '', type: 'FULL_OBJECT' as const };
  return { key, files: [file], size: file.size, etag: md5, modified: Date.now(), headers, checksum };
}

function copyAlgorithm(request: S3Request, source: ObjectRecord): ChecksumAlgorithm {
  const asked = request.header('x-amz-checksum-algorithm');
  if (asked === undefined) return source.checksum?.algorithm ?? DEFAULT_ALGORITHM;
  return parseAlgorithm(asked);
}

function copyResult(object: ObjectRecord): XmlTree {
  const checksum = object.checksum;
  return {
    LastModified: new Date(object.modified).toISOString(),
    ETag: `"${object.etag}"`,
    ...(checksum ? { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type } : {}),
  };
}
