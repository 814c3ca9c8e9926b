import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** A file of JSON lines that grows at its end; what was written survives the process. */
export class Journal {
  private readonly file: number;
  private closed = false;

  /** @param head first members of every line */
  constructor(
    path: string,
    private readonly head: () => Readonly<Record<string, unknown>>,
  ) {
    this.file = openSync(path, 'a+');
    this.endLastLine();
  }

  /** What comes after the end is nobody's to read. */
  write(line: Readonly<Record<string, unknown>>): void {
    if (!this.closed) writeSync(this.file, `${JSON.stringify({ ...this.head(), ...line })}\n`);
  }

  close(): void {
    if (!this.closed) closeSync(this.file);
    this.closed = true;
  }

  /** A process that was killed may have left half a line. */
  private endLastLine(): void {
    const { size } = fstatSync(this.file);
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(this.file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n') {
      writeSync(this.file, '\n');
    }
  }
}
