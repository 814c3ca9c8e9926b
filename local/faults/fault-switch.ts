import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'faults';
const STOP_FILE = 'stop';
const LOOK_AGAIN_MS = 100;

/**
 * Ends all faults of the embedded AWS that lies in a data folder, from whatever process, over its restarts too. It
 * hears of it within a tenth of a second; what is under way by then, like a delayed answer, still happens.
 */
export function stopFaults(dataFolder: string): void {
  mkdirSync(join(dataFolder, FOLDER), { recursive: true });
  writeFileSync(join(dataFolder, FOLDER, STOP_FILE), '');
}

/** Lets faults happen again. */
export function resumeFaults(dataFolder: string): void {
  rmSync(join(dataFolder, FOLDER, STOP_FILE), { force: true });
}

/** Whether faults may happen now. */
export class FaultSwitch {
  private armed = false;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private stopped = false;

  /** @param until milliseconds since the epoch */
  constructor(
    private readonly folder: string,
    private readonly until: number,
  ) {}

  /** Before this, nothing happens. */
  arm(): void {
    this.armed = true;
  }

  disarm(): void {
    this.armed = false;
  }

  get isOn(): boolean {
    const now = Date.now();
    if (!this.armed || now >= this.until) return false;
    if (now - this.lookedAt >= LOOK_AGAIN_MS) {
      this.lookedAt = now;
      this.stopped = existsSync(join(this.folder, STOP_FILE));
    }
    return !this.stopped;
  }
}
