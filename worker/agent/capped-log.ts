import { type FileHandle, open } from 'node:fs/promises';

/** Bytes of `output.log` at the most: an agent that floods it must not fill the disk. */
export const MAX_LOG_BYTES = 100 * 1024 * 1024;

const READ_BYTES = 256 * 1024;

/**
 * The agent's output, byte by byte as it came. Where it is longer than the cap, its beginning and its end are kept: the
 * second half of the file is a ring that the newest bytes overwrite.
 */
export class CappedLog {
  private total = 0;
  /** Of the total, what has reached the file. */
  private arrived = 0;
  private pending = 0;
  private failure: Error | undefined;
  private readonly headBytes: number;
  private readonly ringBytes: number;

  private constructor(
    private readonly file: FileHandle,
    private readonly maxBytes: number,
  ) {
    this.headBytes = Math.ceil(maxBytes / 2);
    this.ringBytes = maxBytes - this.headBytes;
  }

  static async create(path: string, maxBytes: number = MAX_LOG_BYTES): Promise<CappedLog> {
    return new CappedLog(await open(path, 'wx+', 0o600), maxBytes);
  }

  /** Appends. A disk that is full does not stop the agent: the log then ends with the reason. */
  async write(chunk: Buffer): Promise<void> {
    if (this.failure !== undefined) return;
    const start = this.total;
    this.total += chunk.length;
    this.pending += 1;
    try {
      for (const { bytes, position } of this.places(chunk, start)) await this.writeAt(bytes, position);
    } catch (error) {
      this.failure ??= error as Error;
      this.total = start;
    } finally {
      this.pending -= 1;
      if (this.pending === 0) this.arrived = this.total;
    }
  }

  /** Bytes that were written, whether they are kept or not. */
  get written(): number {
    return this.arrived;
  }

  /**
   * The log from its beginning to where it ends now, with a line in place of what is left out. It may be written to
   * meanwhile: what that overwrites before it is read is left out as well.
   */
  async *read(): AsyncGenerator<Buffer> {
    const end = this.arrived;
    for (let at = 0; at < end; ) {
      const kept = this.keptFrom(at);
      if (kept > at) yield this.gap(kept - at);
      if (kept >= end) break;
      const chunk = await this.chunkAt(kept, end);
      if (chunk.length === 0) break;
      at = kept;
      // Overwritten while it was read.
      if (this.keptFrom(at) > at) continue;
      at += chunk.length;
      yield chunk;
    }
    if (this.failure) yield Buffer.from(`\n[outpost] The log ends here: ${this.failure.message}.\n`);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** Where the parts of a chunk go that begins at `start` of all output. */
  private places(chunk: Buffer, start: number): { bytes: Buffer; position: number }[] {
    const places: { bytes: Buffer; position: number }[] = [];
    for (let at = 0; at < chunk.length; ) {
      const from = start + at;
      const inHead = from < this.headBytes;
      const offset = inHead ? from : (from - this.headBytes) % this.ringBytes;
      const room = (inHead ? this.headBytes : this.ringBytes) - offset;
      const bytes = chunk.subarray(at, at + room);
      places.push({ bytes, position: inHead ? offset : this.headBytes + offset });
      at += bytes.length;
    }
    return places;
  }

  private async writeAt(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  }

  /** The first byte from here on that is still there. */
  private keptFrom(at: number): number {
    return at < this.headBytes ? at : Math.max(at, this.total - this.ringBytes);
  }

  private gap(bytes: number): Buffer {
    return Buffer.from(`\n[outpost] ${bytes} bytes are left out here: the log keeps ${this.maxBytes}.\n`);
  }

  /** What follows in one place of the file. */
  private async chunkAt(at: number, end: number): Promise<Buffer> {
    const inHead = at < this.headBytes;
    const offset = inHead ? at : (at - this.headBytes) % this.ringBytes;
    const room = (inHead ? this.headBytes : this.ringBytes) - offset;
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, room, end - at));
    const position = inHead ? offset : this.headBytes + offset;
    const { bytesRead } = await this.file.read(buffer, 0, buffer.length, position);
    return buffer.subarray(0, bytesRead);
  }
}
