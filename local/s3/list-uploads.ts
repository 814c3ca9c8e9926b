import type { AwsResponse } from '../aws-service.ts';
import type { Bucket } from './bucket.ts';
import { uploadOf } from './multipart.ts';
import type { UploadRecord } from './records.ts';
import { allowParams, numberParam, type S3Request } from './s3-request.ts';
import { xmlResponse } from './s3-xml.ts';
import { compareUtf8 } from './sorted-map.ts';
import { describePartChecksum, typeOf } from './upload-checksum.ts';

const PAGE = 1000;

export function listParts(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request, 'uploadId');
  const { record, parts } = uploadOf(request, bucket);
  const marker = numberParam(request, 'part-number-marker', 0, [0, 2 ** 31 - 1]);
  const limit = Math.min(numberParam(request, 'max-parts', PAGE, [0, 2 ** 31 - 1]), PAGE);
  const rest = [...parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number);
  const page = rest.slice(0, limit);
  return xmlResponse('ListPartsResult', {
    Bucket: bucket.name,
    Key: record.key,
    UploadId: record.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number,
    MaxParts: limit,
    IsTruncated: rest.length > page.length && page.length > 0,
    ChecksumAlgorithm: record.algorithm,
    ChecksumType: record.algorithm && typeOf(record),
    StorageClass: record.headers['x-amz-storage-class'] ?? 'STANDARD',
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: new Date(part.modified).toISOString(),
      ETag: `"${part.etag}"`,
      Size: part.file.size,
      ...describePartChecksum(part),
    })),
  });
}

export function listMultipartUploads(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request, 'uploads');
  const prefix = request.params.get('prefix') ?? '';
  const limit = Math.min(numberParam(request, 'max-uploads', PAGE, [1, 2 ** 31 - 1]), PAGE);
  const [keyMarker, idMarker] = [request.params.get('key-marker') ?? '', request.params.get('upload-id-marker') ?? ''];
  const all = [...bucket.uploads.values()].map(({ record }) => record).filter(({ key }) => key.startsWith(prefix));
  const rest = all
    .sort(byKeyAndId)
    .filter(({ key, id }) => byKeyAndId({ key, id }, { key: keyMarker, id: idMarker === '' ? '~' : idMarker }) > 0);
  const page = rest.slice(0, limit);
  const truncated = rest.length > page.length;
  return xmlResponse('ListMultipartUploadsResult', {
    Bucket: bucket.name,
    KeyMarker: keyMarker,
    UploadIdMarker: idMarker,
    NextKeyMarker: truncated ? page.at(-1)?.key : undefined,
    NextUploadIdMarker: truncated ? page.at(-1)?.id : undefined,
    Prefix: prefix,
    MaxUploads: limit,
    IsTruncated: truncated,
    Upload: page.map((record) => ({
      Key: record.key,
      UploadId: record.id,
      Initiated: new Date(record.initiated).toISOString(),
      StorageClass: record.headers['x-amz-storage-class'] ?? 'STANDARD',
      ChecksumAlgorithm: record.algorithm,
      ChecksumType: record.algorithm && typeOf(record),
    })),
  });
}

function byKeyAndId(a: Pick<UploadRecord, 'key' | 'id'>, b: Pick<UploadRecord, 'key' | 'id'>): number {
  return compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id);
}
