/** Expressions evaluate in microtasks: after so long other work of the process gets its chance. */
const SLICE_MILLISECONDS = 10;

/**
 * The lanes of all executions take turns, first come first served: what a lane does in its turn stands together in the
 * history, as AWS's decisions do. A lane that waits gives its turn back. Going one at a time costs nothing on one thread,
 * and what an execution leaves behind can be collected before the next one begins.
 */
export class Turns {
  #taken = false;
  #sliceBegan = 0;
  readonly #waiting: (() => void)[] = [];

  take(): Promise<void> | undefined {
    if (!this.#taken) {
      this.#taken = true;
      this.#sliceBegan = performance.now();
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (!next) this.#taken = false;
    else if (this.isSliceOver) setImmediate(() => this.#begin(next));
    else next();
  }

  /** Whether who has the turn should let the process do something else. */
  get isSliceOver(): boolean {
    return performance.now() - this.#sliceBegan > SLICE_MILLISECONDS;
  }

  #begin(next: () => void): void {
    this.#sliceBegan = performance.now();
    next();
  }
}
