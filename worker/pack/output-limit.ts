const GIB = 1024 ** 3;

/** A workspace held against the most bytes that an output may have. Paths are text of one character a byte (`latin1`). */
export interface FittedOutput {
  /** Why each of the files that are left out is, the largest of all, by their paths. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Bytes that the others may still grow by. */
  readonly slack: number;
}

/** Leaves out the largest files until the rest fits. */
export function fitOutput(sizes: ReadonlyMap<string, number>, maxBytes: number): FittedOutput {
  let total = 0;
  for (const size of sizes.values()) total += size;
  const leftOut = new Map<string, string>();
  if (total <= maxBytes) return { leftOut, slack: maxBytes - total };
  const largestFirst = [...sizes].sort(([, one], [, other]) => other - one);
  for (const [path, size] of largestFirst) {
    if (total <= maxBytes) break;
    total -= size;
    leftOut.set(path, `is left out: it has ${size} bytes, and all files together may have ${inWords(maxBytes)}`);
  }
  return { leftOut, slack: maxBytes - total };
}

/** Keeps files that grow while they are packed from breaking the limit that they were fitted to. */
export class GrowthLimit {
  /**
   * @param sizes of the files as they were fitted, by path
   * @param slack bytes that they may grow by, all together
   */
  constructor(
    private readonly sizes: ReadonlyMap<string, number>,
    private slack: number,
  ) {}

  /** Why a file that has so many bytes by now is left out; nothing where it is not. */
  whyLeaveOut(path: string, size: number): string | undefined {
    const growth = Math.max(0, size - (this.sizes.get(path) ?? 0));
    if (growth > this.slack) return 'is left out: it grew past what all files together may have';
    this.slack -= growth;
    return undefined;
  }
}

function inWords(bytes: number): string {
  return bytes % GIB === 0 ? `${bytes / GIB} GiB` : `${bytes} bytes`;
}
