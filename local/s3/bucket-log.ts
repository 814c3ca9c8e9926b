import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { LogEntry } from './records.ts';

/** So many lines of the past are never worth a rewrite. */
const SPARE_LINES = 10_000;

/**
 * A bucket's index as a file of JSON lines. A line that is written whole has happened; one that a killed process left
 * unfinished has not, and nobody was told otherwise.
 */
export class BucketLog {
  private fd: number;
  private length: number;
  private lines: number;
  private compactAt = SPARE_LINES;

  private constructor(
    private readonly file: string,
    lines: number,
  ) {
    this.fd = openSync(file, 'a', 0o600);
    this.length = fstatSync(this.fd).size;
    this.lines = lines;
  }

  /** Opens or makes the file and hands every entry to `replay`, oldest first. */
  static open(file: string, replay: (entry: LogEntry) => void): BucketLog {
    const fd = openSync(file, 'a+', 0o600);
    const bytes = readFileSync(file);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) ftruncateSync(fd, whole);
    closeSync(fd);
    const lines = whole === 0 ? [] : bytes.toString('utf8', 0, whole - 1).split('\n');
    for (const [index, line] of lines.entries()) replay(parse(line, file, index + 1));
    return new BucketLog(file, lines.length);
  }

  /** Writes an entry before it returns; throws, and leaves the file as it was, where the disk is full. */
  append(entry: LogEntry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      for (let done = 0; done < line.length; ) done += writeSync(this.fd, line, done);
    } catch (error) {
      ftruncateSync(this.fd, this.length);
      throw error;
    }
    this.length += line.length;
    this.lines += 1;
  }

  /** Rewrites the file once it has doubled. `living` are the entries that still count. */
  compact(living: () => Iterable<LogEntry>): void {
    if (this.lines < this.compactAt) return;
    const lines = Array.from(living(), (entry) => `${JSON.stringify(entry)}\n`);
    writeFileSync(`${this.file}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
    closeSync(this.fd);
    this.fd = openSync(this.file, 'a', 0o600);
    this.length = fstatSync(this.fd).size;
    this.lines = lines.length;
    this.compactAt = 2 * lines.length + SPARE_LINES;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function parse(line: string, file: string, number: number): LogEntry {
  try {
    return JSON.parse(line) as LogEntry;
  } catch (cause) {
    throw new Error(`${file}:${number} is damaged: the line is not JSON.`, { cause });
  }
}
