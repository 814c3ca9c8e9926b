import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { EventEnvelope } from '../default-bus.ts';

const NEWLINE = 0x0a;
const CHUNK = 256 * 1024;
/** Longer than what stands before the event in a line. */
const LONGEST_HEAD = 64;

/** Where an archived event lies in its file. */
export interface ArchivedLine {
  /** The event's own, as `EventEnvelope` has it. */
  readonly time: string;
  /** Milliseconds since the epoch. */
  readonly archivedAt: number;
  /** Byte offset and length of the event's JSON. */
  readonly start: number;
  readonly length: number;
}

/**
 * An append-only file with the events of one hour, in the order in which they came. A line is when the event was
 * archived, the event's own time, and the event as JSON: what selects an event is read without parsing it.
 */
export class HourFile {
  private repaired = false;
  private counted = { lines: 0, bytes: 0 };

  constructor(private readonly path: string) {}

  /** Writes a line before it returns; throws, and leaves the file as it was, where the disk is full. */
  append(event: EventEnvelope, archivedAt: number): void {
    this.repair();
    const line = Buffer.from(`${archivedAt} ${event.time} ${JSON.stringify(event)}\n`);
    const fd = openSync(this.path, 'a', 0o600);
    const { size } = fstatSync(fd);
    try {
      for (let done = 0; done < line.length; ) done += writeSync(fd, line, done);
    } catch (error) {
      ftruncateSync(fd, size);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** All whole lines, oldest first. */
  async *lines(): AsyncGenerator<ArchivedLine> {
    this.repair();
    let rest: Buffer = Buffer.alloc(0);
    let position = 0;
    for await (const chunk of createReadStream(this.path, { highWaterMark: CHUNK })) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, from)) {
        yield readHead(rest.subarray(from, end), position + from, this.path);
        from = end + 1;
      }
      position += from;
      rest = rest.subarray(from);
    }
  }

  /** Lines and bytes; only what was appended since the last call is read. */
  async size(): Promise<{ readonly lines: number; readonly bytes: number }> {
    this.repair();
    const { size } = statSync(this.path);
    if (size > this.counted.bytes) {
      let { lines } = this.counted;
      const stream = createReadStream(this.path, { highWaterMark: CHUNK, start: this.counted.bytes, end: size - 1 });
      for await (const chunk of stream) lines += newlines(chunk);
      this.counted = { lines, bytes: size };
    }
    return this.counted;
  }

  private repair(): void {
    if (!this.repaired && existsSync(this.path)) cutOffHalfALine(this.path);
    this.repaired = true;
  }
}

/** Reads the event of a line from the file that the line is of. */
export async function readArchived(file: FileHandle, { start, length }: ArchivedLine): Promise<EventEnvelope> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
  return JSON.parse(buffer.toString('utf8', 0, bytesRead)) as EventEnvelope;
}

function readHead(line: Buffer, at: number, path: string): ArchivedLine {
  const [head = '', archivedAt, time = ''] =
    /^(\d+) (\S+) (?=\{)/.exec(line.toString('latin1', 0, Math.min(line.length, LONGEST_HEAD))) ?? [];
  if (head === '') throw new Error(`${path} is damaged: at byte ${at} there is no archived event`);
  return { time, archivedAt: Number(archivedAt), start: at + head.length, length: line.length - head.length };
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** A process that was killed while it appended had not acknowledged the event that it left half-written. */
function cutOffHalfALine(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    const chunk = Buffer.alloc(CHUNK);
    for (let end = size; end > 0; ) {
      const from = Math.max(0, end - CHUNK);
      const last = chunk.subarray(0, readSync(fd, chunk, 0, end - from, from)).lastIndexOf(NEWLINE);
      end = last >= 0 ? from + last + 1 : from;
      if (last < 0 && from > 0) continue;
      if (end < size) ftruncateSync(fd, end);
      return;
    }
  } finally {
    closeSync(fd);
  }
}
