/** A map of keys in the order of their UTF-8 bytes, which is the order of S3's lists. */
export class SortedMap<V> {
  private readonly values = new Map<string, V>();
  private readonly keys: string[] = [];

  /** Fills the map at once: one sort instead of an insertion each. */
  constructor(entries: Iterable<readonly [string, V]> = []) {
    for (const [key, value] of entries) this.values.set(key, value);
    this.keys = [...this.values.keys()].sort(compareUtf8);
  }

  get size(): number {
    return this.keys.length;
  }

  get(key: string): V | undefined {
    return this.values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.values.has(key)) this.keys.splice(this.firstAtOrAfter(key), 0, key);
    this.values.set(key, value);
  }

  delete(key: string): void {
    if (this.values.delete(key)) this.keys.splice(this.firstAtOrAfter(key), 1);
  }

  /** All values in key order. */
  *all(): Generator<V> {
    yield* this.from(0);
  }

  /** Values in key order, beginning with the position that `firstAtOrAfter` and the like give. */
  *from(position: number): Generator<V> {
    for (let i = position; i < this.keys.length; i += 1) {
      const value = this.values.get(this.keys[i] ?? '');
      if (value !== undefined) yield value;
    }
  }

  keyAt(position: number): string | undefined {
    return this.keys[position];
  }

  firstAtOrAfter(key: string): number {
    return this.partition((other) => compareUtf8(other, key) < 0);
  }

  firstAfter(key: string): number {
    return this.partition((other) => compareUtf8(other, key) <= 0);
  }

  /** The position behind every key that begins with the prefix. */
  firstBeyond(prefix: string): number {
    return this.partition((other) => other.startsWith(prefix) || compareUtf8(other, prefix) < 0);
  }

  private partition(isBefore: (key: string) => boolean): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.keys[middle] ?? '')) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Compares by UTF-8 bytes. JavaScript's own order puts surrogate pairs before U+E000 to U+FFFF, UTF-8 after them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(codeUnit: number): number {
  if (codeUnit < 0xd800) return codeUnit;
  return codeUnit >= 0xe000 ? codeUnit - 0x800 : codeUnit + 0x2000;
}
