import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BucketLog } from './bucket-log.ts';
import { DataFiles } from './data-files.ts';
import type { DataFile, LogEntry, ObjectRecord, PartRecord, UploadRecord } from './records.ts';
import { noSuchUpload, partsChanged } from './s3-error.ts';
import { SortedMap } from './sorted-map.ts';

export interface Upload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

/**
 * A bucket: its index in memory, its log and its data on disk. Every change is one synchronous step, from the check of
 * its condition to the written log line, so that conditions hold whatever runs beside it.
 */
export class Bucket {
  readonly data: DataFiles;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Headers of the encryption that the template asks for; new objects carry them. */
  encryption: Readonly<Record<string, string>> = { 'x-amz-server-side-encryption': 'AES256' };
  private index = new SortedMap<ObjectRecord>();
  private readonly openUploads = new Map<string, Upload>();
  private readonly log: BucketLog;

  /** Opens the bucket's folder, or makes it. Reads the log and removes data that nothing refers to. */
  constructor(
    readonly name: string,
    folder: string,
    report: (line: string) => void,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.created = statSync(folder).birthtimeMs;
    this.data = new DataFiles(join(folder, 'data'));
    const objects = new Map<string, ObjectRecord>();
    this.log = BucketLog.open(join(folder, 'index.jsonl'), (entry) => this.replay(objects, entry));
    this.index = new SortedMap(objects);
    this.reportMissing(this.data.sweep(new Set(this.files().map(({ name }) => name))), report);
    this.compact();
  }

  get objects(): SortedMap<ObjectRecord> {
    return this.index;
  }

  get uploads(): ReadonlyMap<string, Upload> {
    return this.openUploads;
  }

  /** The upload of that id and key; throws `NoSuchUpload`. */
  upload(id: string, key: string): Upload {
    const upload = this.openUploads.get(id);
    if (upload?.record.key !== key) throw noSuchUpload(id);
    return upload;
  }

  /** @param check throws where the object must not be written over what is there */
  put(object: ObjectRecord, check: (current: ObjectRecord | undefined) => void): void {
    this.replace(object, { op: 'put', object }, check);
  }

  delete(key: string, check: (current: ObjectRecord | undefined) => void): void {
    const current = this.index.get(key);
    check(current);
    if (!current) return;
    this.log.append({ op: 'delete', key });
    this.index.delete(key);
    this.data.remove(current.files);
    this.compact();
  }

  begin(record: UploadRecord): void {
    this.log.append({ op: 'upload', upload: record });
    this.openUploads.set(record.id, { record, parts: new Map() });
  }

  addPart(id: string, key: string, part: PartRecord): void {
    const { parts } = this.upload(id, key);
    const before = parts.get(part.number);
    this.log.append({ op: 'part', id, part });
    parts.set(part.number, part);
    if (before) this.data.remove([before.file]);
  }

  abort(id: string, key: string): void {
    const { parts } = this.upload(id, key);
    this.log.append({ op: 'abort', id });
    this.openUploads.delete(id);
    this.data.remove([...parts.values()].map(({ file }) => file));
    this.compact();
  }

  /** Makes the object of the upload's parts; parts that it does not name are removed. */
  complete(id: string, object: ObjectRecord, check: (current: ObjectRecord | undefined) => void): void {
    const { parts } = this.upload(id, object.key);
    const stored = new Set([...parts.values()].map(({ file }) => file.name));
    // A part that was uploaded again meanwhile took its first file away.
    if (!object.files.every(({ name }) => stored.has(name))) throw partsChanged();
    this.replace(object, { op: 'complete', id, object }, check);
    this.openUploads.delete(id);
    const used = new Set(object.files.map(({ name }) => name));
    this.data.remove([...parts.values()].map(({ file }) => file).filter(({ name }) => !used.has(name)));
  }

  close(): void {
    this.log.close();
  }

  private replace(object: ObjectRecord, entry: LogEntry, check: (current: ObjectRecord | undefined) => void): void {
    const current = this.index.get(object.key);
    check(current);
    this.log.append(entry);
    this.index.set(object.key, object);
    if (current) this.data.remove(current.files);
    this.compact();
  }

  private replay(objects: Map<string, ObjectRecord>, entry: LogEntry): void {
    switch (entry.op) {
      case 'put':
        objects.set(entry.object.key, entry.object);
        break;
      case 'delete':
        objects.delete(entry.key);
        break;
      case 'upload':
        this.openUploads.set(entry.upload.id, { record: entry.upload, parts: new Map() });
        break;
      case 'part':
        this.openUploads.get(entry.id)?.parts.set(entry.part.number, entry.part);
        break;
      case 'abort':
        this.openUploads.delete(entry.id);
        break;
      case 'complete':
        this.openUploads.delete(entry.id);
        objects.set(entry.object.key, entry.object);
        break;
    }
  }

  private reportMissing(missing: ReadonlySet<string>, report: (line: string) => void): void {
    for (const { key, files } of missing.size === 0 ? [] : this.index.all()) {
      if (files.some(({ name }) => missing.has(name))) report(`s3: the data of ${this.name}/${key} is missing on disk`);
    }
  }

  private files(): DataFile[] {
    const parts = [...this.openUploads.values()].flatMap((upload) => [...upload.parts.values()]);
    return [...[...this.index.all()].flatMap(({ files }) => files), ...parts.map(({ file }) => file)];
  }

  private compact(): void {
    this.log.compact(() => this.living());
  }

  private *living(): Generator<LogEntry> {
    for (const object of this.index.all()) yield { op: 'put', object };
    for (const { record, parts } of this.openUploads.values()) {
      yield { op: 'upload', upload: record };
      for (const part of parts.values()) yield { op: 'part', id: record.id, part };
    }
  }
}
