import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DataFile } from './records.ts';

/** Bytes from `start` up to and without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The bytes of a bucket's objects. File names are random, so no key reaches the file system. A file that is removed
 * while somebody reads it goes when the last reader is done.
 */
export class DataFiles {
  private readonly readers = new Map<string, number>();
  private readonly doomed = new Set<string>();

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Stores a stream, through the given stages, in a new file. Where it fails, nothing stays behind. */
  async write(source: Readable, ...stages: Transform[]): Promise<DataFile> {
    const name = randomUUID();
    const file = createWriteStream(join(this.folder, name), { flags: 'wx', mode: 0o600 });
    try {
      await pipeline([source, ...stages, file]);
    } catch (error) {
      await unlink(join(this.folder, name)).catch(ignoreMissing);
      throw error;
    }
    return { name, size: file.bytesWritten };
  }

  /** Reads a range of the files as if they were one. */
  read(files: readonly DataFile[], range: ByteRange): Readable {
    for (const { name } of files) this.readers.set(name, (this.readers.get(name) ?? 0) + 1);
    const stream = Readable.from(this.chunks(files, range), { objectMode: false });
    return stream.once('close', () => {
      for (const { name } of files) this.release(name);
    });
  }

  remove(files: readonly DataFile[]): void {
    for (const { name } of files) {
      if (this.readers.has(name)) this.doomed.add(name);
      else rmSync(join(this.folder, name), { force: true });
    }
  }

  /** Removes what no object refers to: uploads that a killed process left. Returns which of the named are missing. */
  sweep(named: ReadonlySet<string>): Set<string> {
    const missing = new Set(named);
    for (const name of readdirSync(this.folder)) {
      if (!missing.delete(name)) rmSync(join(this.folder, name), { force: true });
    }
    return missing;
  }

  private async *chunks(files: readonly DataFile[], range: ByteRange): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { name, size } of files) {
      const start = Math.max(range.start - offset, 0);
      const end = Math.min(range.end - offset, size);
      if (start < end)
        yield* createReadStream(join(this.folder, name), { start, end: end - 1, highWaterMark: 256 * 1024 });
      offset += size;
    }
  }

  private release(name: string): void {
    const left = (this.readers.get(name) ?? 1) - 1;
    if (left > 0) return void this.readers.set(name, left);
    this.readers.delete(name);
    if (this.doomed.delete(name)) rmSync(join(this.folder, name), { force: true });
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
