import { createHash } from 'node:crypto';
import type { AwsResponse } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import type { Bucket, Upload } from './bucket.ts';
import { checksumElement } from './checksum.ts';
import { writeCondition } from './conditions.ts';
import { uploadOf } from './multipart.ts';
import { describeEncryption } from './object-headers.ts';
import type { ObjectRecord, PartRecord, UploadRecord } from './records.ts';
import { invalidRequest, malformedXml } from './s3-error.ts';
import { allowParams, type S3Request } from './s3-request.ts';
import { childrenOf, readXml, textOf, xmlResponse } from './s3-xml.ts';
import { algorithmOf, checkWhole, typeOf, wholeChecksum } from './upload-checksum.ts';

/** The least size of every part but the last. */
const PART_MINIMUM = 5 * 1024 ** 2;

/** A part as the client lists it. */
interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** The element of the upload's own algorithm. */
  readonly checksum: string | undefined;
}

export async function completeMultipartUpload(request: S3Request, bucket: Bucket): Promise<AwsResponse> {
  allowParams(request, 'uploadId');
  const id = request.params.get('uploadId') ?? '';
  const body = await request.aws.readBody();
  const done = bucket.objects.get(request.key);
  // A client whose answer was lost asks again; S3 then gives the same answer once more.
  if (!bucket.uploads.has(id) && done?.uploadId === id) return describeCompleted(request, bucket, done);
  const upload = uploadOf(request, bucket);
  const parts = chosenParts(upload, readParts(body, upload.record));
  const object = await assemble(request, upload.record, parts);
  bucket.complete(id, object, writeCondition(request));
  return describeCompleted(request, bucket, object);
}

function readParts(body: Buffer, record: UploadRecord): ListedPart[] {
  const parts = childrenOf(readXml(body, 'CompleteMultipartUpload'), 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: (textOf(part, 'ETag') ?? '').replace(/^"(.*)"$/, '$1'),
    checksum: textOf(part, checksumElement(algorithmOf(record))),
  }));
  if (parts.length === 0 || !parts.every(({ number }) => Number.isInteger(number))) throw malformedXml();
  return parts;
}

/** The stored parts that the client lists, each checked. */
function chosenParts({ record, parts }: Upload, listed: readonly ListedPart[]): PartRecord[] {
  const chosen = listed.map(({ number, etag, checksum }, index) => {
    if (index > 0 && number <= (listed[index - 1]?.number ?? 0)) {
      throw new AwsError(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    }
    const part = parts.get(number);
    const differs = checksum !== undefined && checksum !== part?.checksum.value;
    if (!part || part.etag !== etag || differs) throw invalidPart(record, number, etag);
    if (checksum === undefined && typeOf(record) === 'COMPOSITE') {
      throw invalidRequest(
        `The upload was created using a ${algorithmOf(record).toLowerCase()} checksum. The complete request must include ` +
          `the checksum for each part. It was missing for part ${number} in the request.`,
      );
    }
    return part;
  });
  const small = chosen.slice(0, -1).find(({ file }) => file.size < PART_MINIMUM);
  if (small) throw partTooSmall(small);
  return chosen;
}

async function assemble(request: S3Request, record: UploadRecord, parts: readonly PartRecord[]): Promise<ObjectRecord> {
  const size = parts.reduce((sum, { file }) => sum + file.size, 0);
  const stated = request.header('x-amz-mp-object-size');
  if (stated !== undefined && Number(stated) !== size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${stated} does not match what was computed: ${size}`,
    );
  }
  const checksum = await wholeChecksum(record, parts);
  checkWhole(request, checksum);
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(Buffer.from(etag, 'hex'));
  return {
    key: record.key,
    files: parts.map(({ file }) => file),
    size,
    etag: `${hash.digest('hex')}-${parts.length}`,
    modified: Date.now(),
    headers: record.headers,
    checksum,
    uploadId: record.id,
  };
}

function describeCompleted(request: S3Request, bucket: Bucket, object: ObjectRecord): AwsResponse {
  const { checksum } = object;
  const content = {
    Location: `http://${request.header('host')}${request.aws.path}`,
    Bucket: bucket.name,
    Key: object.key,
    ETag: `"${object.etag}"`,
    ...(checksum ? { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type } : {}),
  };
  return xmlResponse('CompleteMultipartUploadResult', content, describeEncryption(object.headers));
}

function invalidPart(record: UploadRecord, number: number, etag: string): AwsError {
  const message =
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
  return new AwsError('InvalidPart', message, { fields: { UploadId: record.id, PartNumber: number, ETag: etag } });
}

function partTooSmall({ number, etag, file }: PartRecord): AwsError {
  const fields = { ProposedSize: file.size, MinSizeAllowed: PART_MINIMUM, PartNumber: number, ETag: etag };
  return new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', { fields });
}
