import type { Writable } from 'node:stream';
import type { Redaction } from './secrets/redaction.ts';

/** Milliseconds that the reader of the log may take at the end for what is still on its way. */
const FLUSH_MS = 2_000;

/** The container's log. A reader that stalls or leaves must not keep a worker from saving its output. */
export class WorkerLog {
  private open = true;
  private redaction: Redaction | undefined;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly sink: Writable = process.stdout) {
    sink.on('drain', () => this.wake());
    sink.on('error', () => this.abandon());
    sink.on('close', () => this.abandon());
  }

  /** One line of the worker's own. */
  say(line: string): void {
    void this.write(Buffer.from(`[outpost] ${this.redaction?.text(line) ?? line}\n`));
  }

  /** From now on the worker's own lines are without these secrets. */
  hide(redaction: Redaction): void {
    this.redaction = redaction;
  }

  /** Whole lines as they are; resolves when the reader is ready for more. */
  write(lines: Buffer): Promise<void> {
    if (!this.open || lines.length === 0 || this.sink.write(lines)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  /** Stops waiting for a reader: what it has not taken by now it does not get. */
  abandon(): void {
    this.open = false;
    this.wake();
  }

  /** Resolves when everything is written, or the reader has had time enough. */
  async flush(): Promise<void> {
    if (!this.open) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, FLUSH_MS);
      this.sink.write('', () => {
        clearTimeout(patience);
        resolve();
      });
    });
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
