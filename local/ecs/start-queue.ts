/** Lets at most `limit` starts happen at once, the others in the order they came. */
export class StartQueue {
  private readonly limit: number;
  private readonly waiting: (() => void)[] = [];
  private starting = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /**
   * Resolves when it is this one's turn, to a function that gives the turn back (more than one call is one call).
   * An aborted wait resolves to `undefined`, with nothing to give back.
   */
  async turn(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.starting < this.limit) this.starting += 1;
    else if (!(await this.wait(signal))) return undefined;
    let mine = true;
    return () => {
      if (mine) this.leave();
      mine = false;
    };
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.starting -= 1;
  }

  /** Until a turn is handed over, `true`, or the wait is aborted. */
  private wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const proceed = () => {
        signal.removeEventListener('abort', abort);
        resolve(true);
      };
      const abort = () => {
        this.waiting.splice(this.waiting.indexOf(proceed), 1);
        resolve(false);
      };
      this.waiting.push(proceed);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
