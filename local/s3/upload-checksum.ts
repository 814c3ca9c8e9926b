import {
  type ChecksumAlgorithm,
  checksumElement,
  checksumHeader,
  compositeChecksum,
  parseAlgorithm,
} from './checksum.ts';
import { combineCrcs } from './crc-combine.ts';
import type { ChecksumType, PartRecord, StoredChecksum, UploadRecord } from './records.ts';
import { badDigest, invalidRequest } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';
import type { XmlTree } from './s3-xml.ts';
import { DEFAULT_ALGORITHM } from './write-object.ts';

/** The checksum types that S3 has for multipart uploads of each algorithm, its default first. */
const TYPES: Record<ChecksumAlgorithm, readonly ChecksumType[]> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
};

/** What a CreateMultipartUpload chooses; throws where algorithm and type do not go together. */
export function chosenChecksum(request: S3Request): Pick<UploadRecord, 'algorithm' | 'checksumType'> {
  const [name, type] = [request.header('x-amz-checksum-algorithm'), request.header('x-amz-checksum-type')];
  if (name === undefined) {
    if (type === undefined) return {};
    throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
  }
  const algorithm = parseAlgorithm(name);
  const types = TYPES[algorithm];
  const checksumType = type === undefined ? types[0] : types.find((item) => item === type);
  if (checksumType) return { algorithm, checksumType };
  throw invalidRequest(
    `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

export function describeChoice({ algorithm, checksumType }: UploadRecord): Record<string, string> {
  if (!algorithm || !checksumType) return {};
  return { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': checksumType };
}

export function algorithmOf(record: UploadRecord): ChecksumAlgorithm {
  return record.algorithm ?? DEFAULT_ALGORITHM;
}

export function typeOf(record: UploadRecord): ChecksumType {
  return record.checksumType ?? 'FULL_OBJECT';
}

export function describePartChecksum({ checksum }: PartRecord): XmlTree {
  return { [checksumElement(checksum.algorithm)]: checksum.value };
}

/** The checksum of the object that these parts make. */
export async function wholeChecksum(record: UploadRecord, parts: readonly PartRecord[]): Promise<StoredChecksum> {
  const [algorithm, type] = [algorithmOf(record), typeOf(record)];
  const stretches = parts.map(({ file, checksum }) => ({ checksum: checksum.value, size: file.size }));
  const value =
    type === 'FULL_OBJECT'
      ? combineCrcs(algorithm, stretches)
      : await compositeChecksum(
          algorithm,
          stretches.map(({ checksum }) => checksum),
        );
  return { algorithm, value, type };
}

/** Throws `BadDigest` unless the checksum that a CompleteMultipartUpload states is the object's. */
export function checkWhole(request: S3Request, checksum: StoredChecksum): void {
  const stated = request.header(checksumHeader(checksum.algorithm));
  const bare = (value: string) => value.replace(/-\d+$/, '');
  if (stated === undefined || bare(stated) === bare(checksum.value)) return;
  throw badDigest(checksum.algorithm);
}
