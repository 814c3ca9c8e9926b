import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type CloudWatchLogsClient, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LineSplitter } from './line-splitter.ts';

/** CloudWatch Logs counts 26 bytes beside each message; a batch holds 1 MiB or 10,000 events. */
const OVERHEAD = 26;
const BATCH_BYTES = 1_048_576;
const BATCH_EVENTS = 10_000;
/** The longest message of one event, as the awslogs driver cuts them. */
export const MAX_LINE_BYTES = 262_144 - OVERHEAD;
/** Above this a container has to wait with its output; below the half it goes on. */
const HIGH_WATER = 2 * BATCH_BYTES;
/** Milliseconds that lines wait for others to come along. */
const GATHER = 100;

/**
 * Milliseconds between two looks at what a stopped container's output still brings. They count, and not the clock: where this
 * process stood still, what came meanwhile is read between two of them.
 */
const LOOK_PERIOD = 100;
/** Looks without output after which nobody is expected to write to it any more. */
const IDLE_LOOKS = 5;

interface LogLine {
  readonly message: string;
  readonly timestamp: number;
  readonly bytes: number;
}

/** Delivers a container's output to one log stream, in order, and holds the container back where that is slower. */
export class LogStream {
  private readonly client: CloudWatchLogsClient;
  private readonly target: { readonly logGroupName: string; readonly logStreamName: string };
  private readonly log: (line: string) => void;
  private readonly sources = new Map<Readable, Promise<void>>();
  private pending: LogLine[] = [];
  private bytes = 0;
  private sending: Promise<void> | undefined;
  private lost = 0;
  private idleLooks = 0;
  private readonly closing = new AbortController();
  private giveUpAt = Number.POSITIVE_INFINITY;

  constructor(
    client: CloudWatchLogsClient,
    target: { readonly logGroupName: string; readonly logStreamName: string },
    log: (line: string) => void,
  ) {
    this.client = client;
    this.target = target;
    this.log = log;
  }

  /** Takes every line of a source until it ends. */
  take(source: Readable): void {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    source.on('data', (chunk: Buffer) => this.add(splitter.push(chunk)));
    const over = finished(source, { writable: false }).then(
      () => this.add(splitter.end()),
      () => this.add(splitter.end()),
    );
    this.sources.set(source, over);
  }

  /**
   * Waits for the sources' end and delivers what is left. It lets go of a source that somebody holds open without
   * writing; after `patience` milliseconds it reports undelivered lines as lost.
   */
  async close(patience: number): Promise<void> {
    this.giveUpAt = Date.now() + patience;
    this.closing.abort();
    this.idleLooks = 0;
    let looks = 0;
    const watch = setInterval(() => {
      looks += 1;
      this.idleLooks += 1;
      const late = looks * LOOK_PERIOD > patience / 2;
      const idle = this.idleLooks > IDLE_LOOKS;
      for (const source of this.sources.keys()) if (late || (idle && !source.isPaused())) source.destroy();
    }, LOOK_PERIOD);
    await Promise.all(this.sources.values());
    clearInterval(watch);
    await this.sending;
    if (this.lost > 0) this.log(`ecs: ${this.lost} log lines for ${this.target.logStreamName} were lost`);
  }

  private add(messages: readonly string[]): void {
    const timestamp = Date.now();
    this.idleLooks = 0;
    for (const message of messages) {
      const bytes = Buffer.byteLength(message) + OVERHEAD;
      this.pending.push({ message, timestamp, bytes });
      this.bytes += bytes;
    }
    if (this.bytes > HIGH_WATER) for (const source of this.sources.keys()) source.pause();
    if (this.pending.length > 0) this.sending ??= this.send();
  }

  private async send(): Promise<void> {
    while (this.pending.length > 0) {
      if (this.bytes < BATCH_BYTES / 2) await this.gather();
      const batch = this.nextBatch();
      if (await this.deliver(batch)) continue;
      this.lose(batch.length + this.pending.length);
    }
    this.sending = undefined;
  }

  private lose(lines: number): void {
    if (this.lost === 0) this.log(`ecs: log lines for ${this.target.logStreamName} cannot be delivered and are lost`);
    this.lost += lines;
    this.pending = [];
    this.bytes = 0;
    for (const source of this.sources.keys()) source.resume();
  }

  private async gather(): Promise<void> {
    // An abort only ends the wait early: there is nothing to wait for once the container has stopped.
    await delay(GATHER, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }

  private nextBatch(): LogLine[] {
    let bytes = 0;
    const over = this.pending.findIndex((line, count) => {
      bytes += line.bytes;
      return count === BATCH_EVENTS || bytes > BATCH_BYTES;
    });
    const batch = over < 0 ? this.pending : this.pending.slice(0, over);
    this.pending = over < 0 ? [] : this.pending.slice(over);
    for (const line of batch) this.bytes -= line.bytes;
    if (this.bytes < HIGH_WATER / 2) for (const source of this.sources.keys()) source.resume();
    return batch;
  }

  /** Tries again until it works, the group or stream is gone, or there is no time left. */
  private async deliver(batch: readonly LogLine[]): Promise<boolean> {
    const logEvents = batch.map(({ message, timestamp }) => ({ message, timestamp }));
    for (let pause = 250; ; pause = Math.min(2 * pause, 2_000)) {
      try {
        await this.client.send(new PutLogEventsCommand({ ...this.target, logEvents }));
        return true;
      } catch (error) {
        const gone = error instanceof Error && error.name === 'ResourceNotFoundException';
        if (gone || Date.now() + pause > this.giveUpAt) return false;
      }
      await delay(pause);
    }
  }
}
