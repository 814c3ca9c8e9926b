import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, truncateSync, writeSync } from 'node:fs';

/** One event of a log stream; times in milliseconds since the epoch. */
export interface LogEvent {
  readonly timestamp: number;
  readonly ingestionTime: number;
  readonly message: string;
}

/** A stretch of a stream: its events and where it begins and ends, as byte offsets. */
export interface LogPage {
  readonly events: LogEvent[];
  readonly start: number;
  readonly end: number;
}

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

/** An append-only file with one JSON array a line: `[timestamp, ingestionTime, message]`. */
export class LogStreamFile {
  private readonly file: number;
  private length: number;

  constructor(readonly path: string) {
    if (existsSync(path)) cutOffHalfALine(path);
    this.file = openSync(path, 'a+');
    this.length = fstatSync(this.file).size;
  }

  get size(): number {
    return this.length;
  }

  /** Whether an event begins, or the stream ends, at this offset. */
  isBoundary(offset: number): boolean {
    return offset === 0 || offset >= this.length || this.read(offset - 1, 1)[0] === NEWLINE;
  }

  append(events: readonly LogEvent[]): void {
    const lines = events.map((event) => `${JSON.stringify([event.timestamp, event.ingestionTime, event.message])}\n`);
    const bytes = Buffer.from(lines.join(''), 'utf8');
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.file, bytes, written);
    } catch (error) {
      // A full disk must not leave half a line before what is written when there is room again.
      ftruncateSync(this.file, this.length);
      throw error;
    }
    this.length += bytes.length;
  }

  /** Up to `limit` events and about `maxBytes` from an offset on. */
  forward(from: number, limit: number, maxBytes: number, wanted: (event: LogEvent) => boolean): LogPage {
    const start = Math.min(from, this.length);
    const page = { events: [] as LogEvent[], start, end: start };
    let bytes = 0;
    for (const line of this.linesFrom(start)) {
      const event = parseLine(line.text);
      if (wanted(event)) {
        bytes += line.length;
        if (page.events.length === limit || (bytes > maxBytes && page.events.length > 0)) break;
        page.events.push(event);
      }
      page.end = line.end;
    }
    return page;
  }

  /** The last events, up to `limit`, that lie before an offset; in the order in which they were written. */
  backward(before: number, limit: number, maxBytes: number, wanted: (event: LogEvent) => boolean): LogPage {
    const end = Math.min(before, this.length);
    const page = { events: [] as LogEvent[], start: end, end };
    let bytes = 0;
    for (const line of this.linesBefore(end)) {
      const event = parseLine(line.text);
      if (wanted(event)) {
        bytes += line.length;
        if (page.events.length === limit || (bytes > maxBytes && page.events.length > 0)) break;
        page.events.push(event);
      }
      page.start = line.start;
    }
    page.events.reverse();
    return page;
  }

  close(): void {
    closeSync(this.file);
  }

  private *linesFrom(start: number): Generator<{ text: string; length: number; end: number }> {
    let rest = Buffer.alloc(0);
    let position = start;
    let readUpTo = start;
    while (readUpTo < this.length) {
      const chunk = this.read(readUpTo, Math.min(CHUNK, this.length - readUpTo));
      readUpTo += chunk.length;
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let lineStart = 0;
      for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE, lineStart)) {
        const length = at + 1 - lineStart;
        position += length;
        yield { text: rest.toString('utf8', lineStart, at), length, end: position };
        lineStart = at + 1;
      }
      rest = rest.subarray(lineStart);
    }
  }

  private *linesBefore(end: number): Generator<{ text: string; length: number; start: number }> {
    let rest = Buffer.alloc(0);
    let readFrom = end;
    while (readFrom > 0 || rest.length > 0) {
      // The newline that ends the last line of `rest` is not the one that begins it.
      const at = rest.lastIndexOf(NEWLINE, rest.length - 2);
      if (rest.length > 1 && at >= 0) {
        const line = rest.subarray(at + 1);
        yield { text: line.toString('utf8', 0, line.length - 1), length: line.length, start: readFrom + at + 1 };
        rest = rest.subarray(0, at + 1);
      } else if (readFrom > 0) {
        const size = Math.min(Math.max(CHUNK, rest.length), readFrom);
        readFrom -= size;
        rest = Buffer.concat([this.read(readFrom, size), rest]);
      } else {
        yield { text: rest.toString('utf8', 0, rest.length - 1), length: rest.length, start: 0 };
        rest = Buffer.alloc(0);
      }
    }
  }

  private read(position: number, length: number): Buffer<ArrayBuffer> {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(this.file, buffer, 0, length, position));
  }
}

function parseLine(text: string): LogEvent {
  const [timestamp, ingestionTime, message] = JSON.parse(text) as [number, number, string];
  return { timestamp, ingestionTime, message };
}

/** A process that was killed while it appended had not acknowledged the line that it left half-written. */
function cutOffHalfALine(path: string): void {
  const file = openSync(path, 'r');
  try {
    let end = fstatSync(file).size;
    const byte = Buffer.alloc(1);
    while (end > 0 && readSync(file, byte, 0, 1, end - 1) === 1 && byte[0] !== NEWLINE) end -= 1;
    if (end < fstatSync(file).size) truncateSync(path, end);
  } finally {
    closeSync(file);
  }
}
