import { randomUUID } from 'node:crypto';
import type { AwsResponse } from '../aws-service.ts';
import type { Bucket, Upload } from './bucket.ts';
import { checksumHeader } from './checksum.ts';
import { describeEncryption, headersToKeep } from './object-headers.ts';
import { type Received, readAnnouncement, receiveBody, receiveStream } from './receive-body.ts';
import type { PartRecord, UploadRecord } from './records.ts';
import { invalidArgument, invalidRequest } from './s3-error.ts';
import { allowParams, numberParam, type S3Request } from './s3-request.ts';
import { xmlResponse } from './s3-xml.ts';
import { algorithmOf, chosenChecksum, describeChoice, describePartChecksum } from './upload-checksum.ts';
import { commit, copySource } from './write-object.ts';

const PARTS = 10_000;

export function createMultipartUpload(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request, 'uploads');
  const headers = headersToKeep(request, bucket.encryption);
  const record: UploadRecord = {
    id: randomUUID().replaceAll('-', ''),
    key: request.key,
    initiated: Date.now(),
    headers,
    ...chosenChecksum(request),
  };
  bucket.begin(record);
  const answer = { ...describeEncryption(headers), ...describeChoice(record) };
  return xmlResponse(
    'InitiateMultipartUploadResult',
    { Bucket: bucket.name, Key: record.key, UploadId: record.id },
    answer,
  );
}

export async function uploadPart(request: S3Request, bucket: Bucket): Promise<AwsResponse> {
  allowParams(request, 'uploadId', 'partNumber');
  const { record } = uploadOf(request, bucket);
  const number = partNumber(request);
  const announced = readAnnouncement(request);
  if (record.algorithm && announced.algorithm && record.algorithm !== announced.algorithm) {
    const message = `Checksum Type mismatch occurred, expected checksum Type: ${record.algorithm.toLowerCase()}, actual checksum Type: ${announced.algorithm.toLowerCase()}`;
    throw invalidRequest(message);
  }
  const algorithm = algorithmOf(record);
  const received = await receiveBody(request, bucket, announced, [algorithm, announced.algorithm ?? algorithm]);
  const part = addPart(bucket, record, number, received);
  const shown = announced.algorithm ?? algorithm;
  return {
    status: 200,
    headers: {
      etag: `"${part.etag}"`,
      [checksumHeader(shown)]: received.checksums.get(shown) ?? '',
      ...describeEncryption(record.headers),
    },
  };
}

export async function uploadPartCopy(
  request: S3Request,
  bucket: Bucket,
  bucketOf: (name: string) => Bucket,
): Promise<AwsResponse> {
  allowParams(request, 'uploadId', 'partNumber');
  const { record } = uploadOf(request, bucket);
  const number = partNumber(request);
  const source = copySource(request, bucketOf);
  const { files, size } = source.object;
  const text = request.header('x-amz-copy-source-range');
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(text ?? `bytes=0-${size - 1}`) ?? [];
  const range = { start: Number(first), end: Number(last) + 1 };
  if (text !== undefined && !(range.start < range.end && range.end <= size)) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      text,
      `Range specified is not valid for source object of size: ${size}`,
    );
  }
  const stream = source.bucket.data.read(files, size === 0 ? { start: 0, end: 0 } : range);
  const part = addPart(bucket, record, number, await receiveStream(bucket, stream, algorithmOf(record)));
  const modified = new Date(part.modified).toISOString();
  return xmlResponse('CopyPartResult', {
    LastModified: modified,
    ETag: `"${part.etag}"`,
    ...describePartChecksum(part),
  });
}

export function abortMultipartUpload(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request, 'uploadId');
  bucket.abort(request.params.get('uploadId') ?? '', request.key);
  return { status: 204 };
}

/** The upload that the request names; throws `NoSuchUpload`. */
export function uploadOf(request: S3Request, bucket: Bucket): Upload {
  return bucket.upload(request.params.get('uploadId') ?? '', request.key);
}

function partNumber(request: S3Request): number {
  const number = numberParam(request, 'partNumber', 0, [1, PARTS]);
  if (number > 0) return number;
  throw invalidArgument('partNumber', '', `Part number must be an integer between 1 and ${PARTS}, inclusive`);
}

function addPart(bucket: Bucket, record: UploadRecord, number: number, received: Received): PartRecord {
  const algorithm = algorithmOf(record);
  const value = received.checksums.get(algorithm) ?? '';
  const part: PartRecord = {
    number,
    file: received.file,
    etag: received.md5,
    modified: Date.now(),
    checksum: { algorithm, value, type: 'FULL_OBJECT' },
  };
  commit(bucket, received, () => bucket.addPart(record.id, record.key, part));
  return part;
}
