import { MIN_SECRET_BYTES } from './secret-forms.ts';

/** A form of a secret, and the name to write in its place. */
export interface SecretPattern {
  readonly bytes: Buffer;
  readonly name: string;
}

/** A form that lies in the bytes at `start`, or may: then the bytes end before it does. */
export type Found =
  | { readonly start: number; readonly pattern: SecretPattern }
  | { readonly start: number; readonly pattern: undefined };

const WINDOW = MIN_SECRET_BYTES;

/**
 * Looks for many patterns at once, as Wu and Manber do: the last two bytes of a window of six tell how far it may move
 * before any pattern can begin in it, so most bytes are never looked at. Where it cannot move, the patterns that begin with
 * the window are compared: hundreds of them may begin alike. Hundreds of megabytes a second.
 */
export class PatternSearch {
  private readonly shifts = new Uint8Array(1 << 16).fill(WINDOW - 1);
  /** By the first 6 bytes, as Latin 1; the longest first. */
  private readonly candidates = new Map<string, SecretPattern[]>();
  /** The first 1 to 5 bytes of every pattern. */
  private readonly beginnings = new Set<string>();

  constructor(patterns: readonly SecretPattern[]) {
    const longestFirst = [...patterns].sort((a, b) => b.bytes.length - a.bytes.length);
    for (const pattern of longestFirst) this.add(pattern);
  }

  /**
   * The first place at or after `from` where a pattern lies, the longest one there; or where one that is cut off by the
   * end could begin, unless nothing follows. `undefined` where there is neither.
   */
  next(bytes: Buffer, from: number, isEnd: boolean): Found | undefined {
    const { shifts } = this;
    const end = bytes.length - 1;
    for (let at = from + WINDOW - 2; at < end; ) {
      const block = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      const shift = shifts[block] as number;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const found = this.compare(bytes, at - WINDOW + 2, isEnd);
      if (found !== undefined) return found;
      at += 1;
    }
    return isEnd ? undefined : this.beginningAtEnd(bytes, from);
  }

  private add(pattern: SecretPattern): void {
    const { bytes } = pattern;
    for (let at = 0; at < WINDOW - 1; at++) {
      const block = bytes.readUInt16BE(at);
      this.shifts[block] = Math.min(this.shifts[block] ?? 0, WINDOW - 2 - at);
      this.beginnings.add(bytes.toString('latin1', 0, at + 1));
    }
    const head = bytes.toString('latin1', 0, WINDOW);
    const alike = this.candidates.get(head);
    if (alike === undefined) this.candidates.set(head, [pattern]);
    else alike.push(pattern);
  }

  private compare(bytes: Buffer, start: number, isEnd: boolean): Found | undefined {
    const rest = bytes.length - start;
    let whole: SecretPattern | undefined;
    for (const pattern of this.candidates.get(bytes.toString('latin1', start, start + WINDOW)) ?? []) {
      if (isEnd && pattern.bytes.length > rest) continue;
      const length = Math.min(pattern.bytes.length, rest);
      if (bytes.compare(pattern.bytes, 0, length, start, start + length) !== 0) continue;
      if (length < pattern.bytes.length) return { start, pattern: undefined };
      whole ??= pattern;
    }
    return whole && { start, pattern: whole };
  }

  /** The last bytes, where they are too few for a window: they are as much of a pattern as they are. */
  private beginningAtEnd(bytes: Buffer, from: number): Found | undefined {
    for (let start = Math.max(from, bytes.length - WINDOW + 1); start < bytes.length; start++) {
      if (this.beginnings.has(bytes.toString('latin1', start))) return { start, pattern: undefined };
    }
    return undefined;
  }
}
