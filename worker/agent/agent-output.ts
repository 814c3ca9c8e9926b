import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LineFeed } from '../agents/line-feed.ts';
import type { Redaction } from '../secrets/redaction.ts';
import type { WorkerLog } from '../worker-log.ts';
import type { CappedLog } from './capped-log.ts';
import { LogLines } from './log-lines.ts';

/** Milliseconds that output may still take to arrive after the last process of the agent is gone. */
const DRAIN_MS = 5_000;

/** Where an agent's output goes. */
export interface OutputSinks {
  /** `output.log`. */
  readonly output: CappedLog;
  /** The container's log. */
  readonly log: WorkerLog;
  /** What is taken out of it before it goes anywhere. */
  readonly redaction: Redaction;
  /** Hears what comes, line by line. */
  readonly onLine?: ((text: string, from: 'stdout' | 'stderr') => void) | undefined;
}

/**
 * Carries an agent's output to `output.log`, byte by byte, and to the container's log, line by line, both without secrets.
 * It reads no faster than both take it, so an agent that floods waits instead of filling our memory.
 */
export class AgentOutput {
  private readonly done: Promise<unknown>;

  /** @param readers standard output's, and then standard error's */
  constructor(
    private readonly readers: readonly Socket[],
    private readonly sinks: OutputSinks,
  ) {
    this.done = Promise.all(readers.map((reader, at) => this.carry(reader, at === 0 ? 'stdout' : 'stderr')));
    // Whoever drains hears of a failure; until then it is not an unhandled one.
    this.done.catch(() => undefined);
  }

  /**
   * Resolves when everything that was written has been carried. To be called when no writer is left. A reader of the
   * container's log that stalls is left behind, so that `output.log` is whole.
   */
  async drain(): Promise<void> {
    if (await this.doneWithin(DRAIN_MS)) return;
    this.sinks.log.abandon();
    await this.doneWithin(DRAIN_MS);
    for (const reader of this.readers) reader.destroy();
    await this.done;
  }

  private async doneWithin(patienceMs: number): Promise<boolean> {
    const over = new AbortController();
    const patience = delay(patienceMs, false, { signal: over.signal }).catch(() => false);
    const done = await Promise.race([this.done.then(() => true), patience]);
    over.abort();
    return done;
  }

  private async carry(reader: Socket, from: 'stdout' | 'stderr'): Promise<void> {
    const { output, log, redaction, onLine } = this.sinks;
    const secrets = redaction.stream();
    const lines = new LogLines();
    const feed = onLine && new LineFeed((text) => onLine(text, from));
    const give = async (bytes: Buffer) => {
      feed?.push(bytes);
      await output.write(bytes);
      await log.write(lines.push(bytes));
    };
    try {
      for await (const chunk of reader as AsyncIterable<Buffer>) await give(secrets.push(chunk));
    } catch (error) {
      // Our own `destroy` in `drain`: a process that we could not end still holds the pipe.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
    await give(secrets.end());
    feed?.end();
    await log.write(lines.end());
  }
}
