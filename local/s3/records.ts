import type { ChecksumAlgorithm } from './checksum.ts';

/** A file of a bucket's data folder; its bytes never change. */
export interface DataFile {
  readonly name: string;
  readonly size: number;
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64, with `-<parts>` behind it where the type is COMPOSITE. */
  readonly value: string;
  readonly type: ChecksumType;
}

/** An object as the bucket's log holds it. */
export interface ObjectRecord {
  readonly key: string;
  /** The object's bytes, one file behind the other: one for a plain object, one for each part of a multipart upload. */
  readonly files: readonly DataFile[];
  readonly size: number;
  /** Without the quotes that go around it on the wire. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** What a GET gives back, by lower-case name: `content-type`, `x-amz-meta-*`, … */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum?: StoredChecksum;
  /** The multipart upload that this object came from. */
  readonly uploadId?: string;
}

export interface PartRecord {
  readonly number: number;
  readonly file: DataFile;
  readonly etag: string;
  readonly modified: number;
  readonly checksum: StoredChecksum;
}

export interface UploadRecord {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where the client asked for none. */
  readonly algorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}

/** One line of a bucket's log. */
export type LogEntry =
  | { readonly op: 'put'; readonly object: ObjectRecord }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'upload'; readonly upload: UploadRecord }
  | { readonly op: 'part'; readonly id: string; readonly part: PartRecord }
  | { readonly op: 'abort'; readonly id: string }
  | { readonly op: 'complete'; readonly id: string; readonly object: ObjectRecord };
