const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines of text. A line longer than `limit` bytes comes in pieces, cut between characters;
 * empty lines are left out, since CloudWatch Logs takes no empty message.
 */
export class LineSplitter {
  private readonly limit: number;
  private rest: Buffer = Buffer.alloc(0);

  constructor(limit: number) {
    this.limit = limit;
  }

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      lines.push(...this.pieces(bytes.subarray(0, end)));
      bytes = bytes.subarray(end + 1);
    }
    while (bytes.length > this.limit) {
      const piece = bytes.subarray(0, cutBefore(bytes, this.limit));
      lines.push(piece.toString('utf8'));
      bytes = bytes.subarray(piece.length);
    }
    // A copy, so that the few bytes left don't hold the whole chunk in memory.
    this.rest = Buffer.from(bytes);
    return lines;
  }

  /** What came after the last newline. */
  end(): string[] {
    const lines = this.pieces(this.rest);
    this.rest = Buffer.alloc(0);
    return lines;
  }

  private pieces(line: Buffer): string[] {
    const pieces: string[] = [];
    for (let rest = line; rest.length > 0; ) {
      const piece = rest.subarray(0, cutBefore(rest, this.limit));
      pieces.push(piece.toString('utf8'));
      rest = rest.subarray(piece.length);
    }
    return pieces;
  }
}

/** The last place at or before `limit` that is not within a UTF-8 character. */
function cutBefore(bytes: Buffer, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  for (let cut = limit; cut > limit - 4 && cut > 0; cut -= 1) {
    if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return limit;
}
