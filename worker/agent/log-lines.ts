/** Bytes of a line in the streamed log at the most: CloudWatch Logs takes no event over 256 KiB. */
export const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/** Cuts a stream of bytes into whole lines. A line that is too long is split, between characters where it is UTF-8. */
export class LogLines {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly maxBytes: number = MAX_LINE_BYTES) {}

  /** The lines that are whole by now, each with its newline. */
  push(chunk: Buffer): Buffer {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (this.rest.length <= this.maxBytes) return this.take(this.rest.lastIndexOf(NEWLINE) + 1);
    const whole: Buffer[] = [];
    for (;;) {
      const end = this.rest.indexOf(NEWLINE);
      if (end >= 0 && end <= this.maxBytes) whole.push(this.take(end + 1));
      else if (this.rest.length > this.maxBytes) whole.push(this.take(this.splitPoint()), Buffer.from('\n'));
      else return Buffer.concat(whole);
    }
  }

  /** What is left of the last line. */
  end(): Buffer {
    const rest = this.rest;
    this.rest = Buffer.alloc(0);
    return rest.length === 0 ? rest : Buffer.concat([rest, Buffer.from('\n')]);
  }

  private take(bytes: number): Buffer {
    const taken = this.rest.subarray(0, bytes);
    this.rest = this.rest.subarray(bytes);
    return taken;
  }

  /** Steps back over the bytes of a character that would be cut: a character has at most 3 bytes after its first. */
  private splitPoint(): number {
    for (let at = this.maxBytes; at > this.maxBytes - 4; at--) {
      if (((this.rest[at] ?? 0) & 0xc0) !== 0x80) return at;
    }
    return this.maxBytes;
  }
}
