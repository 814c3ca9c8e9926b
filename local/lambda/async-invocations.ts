import type { DurableQueue, QueueEntry } from '../durable-queue.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { Lane } from '../lane.ts';
import type { QueueMessage } from '../queue-sender.ts';
import type { EventInvokeConfigs } from './event-invoke-configs.ts';
import type { FailedEvents } from './failed-events.ts';
import type { Invocation, InvocationResult } from './sandbox.ts';
import type { FunctionFault } from './thread-messages.ts';

/** Lambda waits one minute before the first retry of a function error and two before the second. */
const RETRY_AFTER_MS: readonly number[] = [60_000, 120_000];
const SOON_MS = 1000;
/** A flood of queued events must not keep a synchronous caller waiting behind it. */
const AT_ONCE = 4;

/** An event that was accepted with `InvocationType: Event`; times in milliseconds since the epoch. */
export interface QueuedInvocation extends Invocation {
  readonly functionName: string;
  readonly acceptedAt: number;
  /** How often the function has failed on it. */
  readonly failures: number;
  readonly notBefore: number;
  /** Once the event was given up: what is still to be sent about that. */
  readonly letters?: readonly QueueMessage[];
}

export interface AsyncInvocationsOptions {
  readonly queue: DurableQueue<QueuedInvocation>;
  /** Runs an event; rejects with `ResourceNotFoundException` or, for now, `TooManyRequestsException`. */
  readonly run: (invocation: QueuedInvocation) => Promise<InvocationResult>;
  readonly configs: EventInvokeConfigs;
  readonly failedEvents: Pick<FailedEvents, 'lettersFor' | 'send'>;
  readonly log: (line: string) => void;
  readonly retryAfterMs?: readonly number[];
}

/**
 * Lambda's internal queue: an event stays on disk until the function has handled it, has failed on it as often as it
 * may, or the event is too old, and whoever wants to know has been told. A restart goes on where the process stopped, so a function may see an event twice.
 */
export class AsyncInvocations {
  private readonly lanes = new Map<string, Lane>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private resumed = false;
  private closed = false;

  constructor(private readonly options: AsyncInvocationsOptions) {}

  /** When this returns, the event survives the process. */
  accept(functionName: string, invocation: Invocation): void {
    const acceptedAt = Date.now();
    const item = { ...invocation, functionName, acceptedAt, failures: 0, notBefore: acceptedAt };
    const entry = this.options.queue.add(item);
    if (this.resumed) this.schedule(entry);
  }

  /** Starts on everything accepted so far, by an earlier process too: from now on, events run when they come. */
  resume(): void {
    this.resumed = true;
    for (const entry of this.options.queue.load()) this.schedule(entry);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private schedule(entry: QueueEntry<QueuedInvocation>): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.laneOf(entry.item.functionName).add(() => this.attempt(entry));
    }, entry.item.notBefore - Date.now());
    this.timers.add(timer);
  }

  private async attempt(entry: QueueEntry<QueuedInvocation>): Promise<void> {
    if (this.closed) return;
    if (entry.item.letters) return this.post(entry, entry.item.letters);
    try {
      const result = await this.options.run(entry.item);
      // What a closing process interrupts has not failed: the next one runs it again.
      if (this.closed) return;
      if ('fault' in result) this.failed(entry, result.fault);
      else this.options.queue.remove(entry.key);
    } catch (error) {
      if (!this.closed) this.refused(entry, error);
    }
  }

  private failed(entry: QueueEntry<QueuedInvocation>, fault: FunctionFault): void {
    const item = { ...entry.item, failures: entry.item.failures + 1 };
    const { retries, maxAgeMs } = this.options.configs.of(item.functionName);
    const delays = this.options.retryAfterMs ?? RETRY_AFTER_MS;
    const retryAt = Date.now() + (delays[item.failures - 1] ?? delays.at(-1) ?? 0);
    const tooOld = retryAt > item.acceptedAt + maxAgeMs;
    if (item.failures > retries) this.giveUp({ key: entry.key, item }, fault, false);
    else if (tooOld) this.giveUp({ key: entry.key, item }, fault, true);
    else this.schedule(this.options.queue.replace(entry.key, { ...item, notBefore: retryAt }));
  }

  /** A throttle is retried for as long as the event may be old; a function that is gone is not. */
  private refused({ key, item }: QueueEntry<QueuedInvocation>, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const throttled = error instanceof AwsError && error.code === 'TooManyRequestsException';
    const tooOld = Date.now() > item.acceptedAt + this.options.configs.of(item.functionName).maxAgeMs;
    if (throttled && !tooOld) this.schedule({ key, item: { ...item, notBefore: Date.now() + SOON_MS } });
    else this.giveUp({ key, item }, error, throttled);
  }

  private giveUp(entry: QueueEntry<QueuedInvocation>, failure: FunctionFault | Error, tooOld: boolean): void {
    const { key, item } = entry;
    const { functionName, requestId, payload, failures } = item;
    const letters = this.options.failedEvents.lettersFor(functionName, {
      ...{ requestId, payload, tooOld, failure },
      runs: failures,
    });
    const why = failure instanceof Error ? failure.message : `${failure.errorType}: ${failure.errorMessage}`;
    const times = failures + (failure instanceof Error ? 1 : 0);
    const fate = letters.length > 0 ? `gives up event ${requestId}` : `dropped event ${requestId}`;
    this.options.log(`lambda: ${functionName} ${fate} after ${times} attempts: ${why}`);
    if (letters.length === 0) this.options.queue.remove(key);
    else this.schedule(this.options.queue.replace(key, { ...item, letters, notBefore: Date.now() }));
  }

  /** Sends the first letter, and leaves the others to the next attempt. */
  private async post({ key, item }: QueueEntry<QueuedInvocation>, letters: readonly QueueMessage[]): Promise<void> {
    const [letter, ...rest] = letters;
    try {
      const lost = letter && (await this.options.failedEvents.send(item.functionName, letter));
      if (lost) {
        const what = `${item.functionName} lost event ${item.requestId} on the way to ${letter.queueArn}`;
        this.options.log(`lambda: ${what}: ${lost}`);
      }
      if (rest.length === 0) this.options.queue.remove(key);
      else this.schedule(this.options.queue.replace(key, { ...item, letters: rest }));
    } catch {
      // SQS has not said no, it could not be asked: the letter is still on disk.
      if (!this.closed) this.schedule({ key, item: { ...item, notBefore: Date.now() + SOON_MS } });
    }
  }

  private laneOf(functionName: string): Lane {
    const lane =
      this.lanes.get(functionName) ??
      new Lane(AT_ONCE, (error) => this.options.log(`lambda: the queue of events: ${String(error)}`));
    this.lanes.set(functionName, lane);
    return lane;
  }
}
