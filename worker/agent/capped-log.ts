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
    try {
      for (const { bytes, position } of this.places(chunk, start)) await this.writeAt(bytes, position);
    } catch (error) {
      this.failure ??= error as Error;
      this.total = start;
    }
  }

  /** The log from its beginning, with a line in place of what is left out. To be called when all is written. */
  async *read(): AsyncGenerator<Buffer> {
    yield* this.readRange(0, Math.min(this.total, this.headBytes));
    const later = Math.max(0, this.total - this.headBytes);
    const left = Math.max(0, later - this.ringBytes);
    const seam = this.headBytes + (left > 0 ? later % this.ringBytes : 0);
    if (left > 0) yield Buffer.from(`\n[outpost] ${left} bytes are left out here: the log keeps ${this.maxBytes}.\n`);
    if (left > 0) yield* this.readRange(seam, this.maxBytes);
    yield* this.readRange(this.headBytes, left > 0 ? seam : this.headBytes + later);
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

  private async *readRange(from: number, to: number): AsyncGenerator<Buffer> {
    for (let at = from; at < to; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, to - at));
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
