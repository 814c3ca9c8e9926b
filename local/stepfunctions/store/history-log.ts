import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryEvent, HistorySink } from '../engine/history.ts';
import { dropTornLine } from './append-file.ts';

/** Where some events of one execution lie: number of the segment, offset and length in bytes. */
export type Chunk = readonly [segment: number, offset: number, length: number];

/** Events wait at most this long in memory, so that a busy execution costs few writes. */
const FLUSH_AFTER_MILLISECONDS = 50;
const MOST_EVENTS_WAITING = 64;
const SEGMENT_BYTES = 32 * 1024 * 1024;

interface OpenHistory {
  readonly chunks: Chunk[];
  waiting: HistoryEvent[];
}

/**
 * The histories of all executions, in a few files that only grow: a file for each would cost more than running a short
 * execution does. A line is a chunk, `["<execution ARN>",[<event>,…]]`; who reads a history knows where its chunks are.
 */
export class HistoryLog {
  readonly #open = new Map<string, OpenHistory>();
  #segment: number;
  #descriptor: number;
  #size: number;
  /** The descriptor's number may be another file's by now. */
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#segment = Math.max(1, ...this.#segments());
    dropTornLine(this.#path(this.#segment));
    this.#descriptor = openSync(this.#path(this.#segment), 'a');
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** The segment that is being written: nothing of an execution that starts now lies in an earlier one. */
  get segment(): number {
    return this.#segment;
  }

  /** Where an execution records its events. */
  sink(executionArn: string, chunks: readonly Chunk[] = []): HistorySink {
    const history: OpenHistory = { chunks: [...chunks], waiting: [] };
    this.#open.set(executionArn, history);
    return {
      append: (event) => {
        // What still happens while everything ends is lost, as if the process had been killed.
        if (this.#closed) return;
        history.waiting.push(event);
        if (history.waiting.length >= MOST_EVENTS_WAITING) this.#write(executionArn, history);
        else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MILLISECONDS);
      },
    };
  }

  /** Writes what waits in memory. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [executionArn, history] of this.#open) this.#write(executionArn, history);
  }

  /** Writes the rest of a history that has ended, and answers where it lies. */
  end(executionArn: string): readonly Chunk[] {
    const history = this.#open.get(executionArn);
    if (!history) return [];
    this.#write(executionArn, history);
    this.#open.delete(executionArn);
    return history.chunks;
  }

  /** All events so far. @param ended where the history lies, if it has ended */
  read(executionArn: string, ended: readonly Chunk[] = []): readonly HistoryEvent[] {
    const history = this.#open.get(executionArn);
    if (history) this.#write(executionArn, history);
    return (history?.chunks ?? ended).flatMap((chunk) => this.#readChunk(chunk));
  }

  /** Finds the chunks of executions whose end was never recorded, from a segment on. */
  find(executionArns: ReadonlySet<string>, fromSegment: number): ReadonlyMap<string, readonly Chunk[]> {
    const found = new Map<string, Chunk[]>([...executionArns].map((arn) => [arn, []]));
    for (const segment of this.#segments().filter((number) => number >= fromSegment)) {
      const bytes = readFileSync(this.#path(segment));
      for (let start = 0, end = bytes.indexOf(0x0a); end >= 0; start = end + 1, end = bytes.indexOf(0x0a, start)) {
        const executionArn = bytes.toString('utf8', start + 2, bytes.indexOf('",', start));
        found.get(executionArn)?.push([segment, start, end - start]);
      }
    }
    return found;
  }

  close(): void {
    this.flush();
    this.#closed = true;
    closeSync(this.#descriptor);
  }

  #write(executionArn: string, history: OpenHistory): void {
    if (history.waiting.length === 0 || this.#closed) return;
    if (this.#size > SEGMENT_BYTES) this.#nextSegment();
    const line = Buffer.from(`${JSON.stringify([executionArn, history.waiting])}\n`);
    writeSync(this.#descriptor, line);
    history.chunks.push([this.#segment, this.#size, line.length - 1]);
    history.waiting = [];
    this.#size += line.length;
  }

  #nextSegment(): void {
    closeSync(this.#descriptor);
    this.#segment += 1;
    this.#descriptor = openSync(this.#path(this.#segment), 'a');
    this.#size = 0;
  }

  #readChunk([segment, offset, length]: Chunk): readonly HistoryEvent[] {
    const descriptor = openSync(this.#path(segment), 'r');
    try {
      const bytes = Buffer.alloc(length);
      readSync(descriptor, bytes, 0, length, offset);
      const [, events] = JSON.parse(bytes.toString('utf8')) as [string, HistoryEvent[]];
      return events;
    } finally {
      closeSync(descriptor);
    }
  }

  #segments(): readonly number[] {
    const numbers = readdirSync(this.folder).map((file) => Number(/^(\d+)\.jsonl$/.exec(file)?.[1] ?? Number.NaN));
    return numbers.filter((number) => !Number.isNaN(number)).sort((one, other) => one - other);
  }

  #path(segment: number): string {
    return join(this.folder, `${segment}.jsonl`);
  }
}
