/** Characters of a line at the most: an agent's last event can hold all that it said. */
const MAX_LINE_LENGTH = 8 * 1024 * 1024;

/** Cuts a stream of bytes into lines of text. A line that is too long is left out. */
export class LineFeed {
  private readonly decoder = new TextDecoder();
  private parts: string[] = [];
  private length = 0;

  constructor(
    private readonly line: (text: string) => void,
    private readonly maxLength: number = MAX_LINE_LENGTH,
  ) {}

  push(chunk: Uint8Array): void {
    this.take(this.decoder.decode(chunk, { stream: true }));
  }

  /** No more comes: what is left is the last line. */
  end(): void {
    this.take(this.decoder.decode());
    if (this.length > 0) this.finishLine();
  }

  private take(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.keep(text.slice(start, end));
      this.finishLine();
      start = end + 1;
    }
    this.keep(text.slice(start));
  }

  private keep(part: string): void {
    this.length += part.length;
    if (this.length <= this.maxLength) this.parts.push(part);
    else this.parts = [];
  }

  private finishLine(): void {
    if (this.length <= this.maxLength) this.line(this.parts.join(''));
    this.parts = [];
    this.length = 0;
  }
}
