import { PatternSearch, type SecretPattern } from './pattern-search.ts';
import { isLongEnough, secretForms } from './secret-forms.ts';

/**
 * Writes `[redacted:NAME]` in place of the secrets that a dispatch was given, in any form of `secretForms`. It keeps
 * secrets from being written by accident; whoever wants to show one can still spell it backwards.
 */
export class Redaction {
  /** Names of the secrets that are left as they are: they have fewer than 6 bytes. */
  readonly tooShort: readonly string[];
  private readonly search: PatternSearch;

  constructor(secrets: Readonly<Record<string, string>>) {
    const entries = Object.entries(secrets);
    this.tooShort = entries.filter(([, value]) => !isLongEnough(value)).map(([name]) => name);
    this.search = new PatternSearch(
      entries.flatMap(([name, value]): SecretPattern[] => secretForms(value).map((bytes) => ({ bytes, name }))),
    );
  }

  /** A text that is whole. */
  text(text: string): string {
    const stream = this.stream();
    return Buffer.concat([stream.push(Buffer.from(text)), stream.end()]).toString('utf8');
  }

  /** For bytes that come in pieces. Each of an agent's outputs has one of its own. */
  stream(): RedactingStream {
    return new RedactingStream(this.search);
  }
}

/** What is being left out: it ends where the last of the secrets that overlap ends. */
interface Span {
  end: number;
  longest: SecretPattern;
}

/**
 * Gives each piece back without secrets, also where one crosses pieces. What could be the beginning of a secret is held
 * until the bytes that follow tell: never more than the longest form of a secret. Secrets that overlap become one.
 */
export class RedactingStream {
  private held: Buffer = Buffer.alloc(0);
  private span: Span | undefined;

  constructor(private readonly search: PatternSearch) {}

  /** What is sure by now. */
  push(piece: Buffer): Buffer {
    const bytes = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    return this.redact(bytes, false);
  }

  /** What is left at the end of all pieces: the beginning of a secret that did not come is no secret. */
  end(): Buffer {
    return this.redact(this.held, true);
  }

  private redact(bytes: Buffer, isEnd: boolean): Buffer {
    const out: Buffer[] = [];
    let done = 0;
    for (let from = 0; ; ) {
      const found = this.search.next(bytes, from, isEnd);
      const start = found?.start ?? bytes.length;
      done = this.closeSpan(done, start, bytes.length, out);
      if (this.span === undefined) out.push(bytes.subarray(done, start));
      if (found?.pattern === undefined) return this.holdFrom(bytes, start, out);
      done = start;
      this.widenSpan(start, found.pattern);
      from = start + 1;
    }
  }

  private holdFrom(bytes: Buffer, start: number, out: readonly Buffer[]): Buffer {
    // A copy: what holds a few bytes must not hold the buffer that they came in.
    this.held = Buffer.from(bytes.subarray(start));
    if (this.span !== undefined) this.span.end -= start;
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  /** Ends the span where nothing from `start` on overlaps it. Returns up to where the bytes are done with. */
  private closeSpan(done: number, start: number, length: number, out: Buffer[]): number {
    if (this.span === undefined || (this.span.end > start && start < length)) return done;
    const { end, longest } = this.span;
    out.push(Buffer.from(`[redacted:${longest.name}]`));
    this.span = undefined;
    return end;
  }

  private widenSpan(start: number, pattern: SecretPattern): void {
    const end = start + pattern.bytes.length;
    const { span } = this;
    if (span === undefined) {
      this.span = { end, longest: pattern };
      return;
    }
    span.end = Math.max(span.end, end);
    if (pattern.bytes.length > span.longest.bytes.length) span.longest = pattern;
  }
}
