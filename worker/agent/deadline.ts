/** A point in time to wait for, which can be brought forward. */
export class Deadline {
  readonly reached: Promise<void>;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;
  private at: number;

  constructor(ms: number) {
    this.at = Date.now() + ms;
    this.timer = setTimeout(() => this.controller.abort(), ms);
    this.reached = new Promise((resolve) => this.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Brings it forward to so many milliseconds from now, where it is later. */
  shorten(ms: number): void {
    if (Date.now() + ms >= this.at) return;
    this.at = Date.now() + ms;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(), ms);
  }

  /** It will not be reached any more. */
  cancel(): void {
    this.at = 0;
    clearTimeout(this.timer);
  }
}
