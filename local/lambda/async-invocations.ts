import { z } from 'zod';
import type { TemplateResource } from '../aws-service.ts';
import type { DurableQueue, QueueEntry } from '../durable-queue.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { Lane } from '../lane.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import type { Invocation, InvocationResult } from './sandbox.ts';
import type { FunctionFault } from './thread-messages.ts';

const MAX_AGE_SECONDS = 6 * 3600;
const MAX_RETRIES = 2;
/** Lambda waits one minute before the first retry of a function error and two before the second. */
const RETRY_AFTER_MS: readonly number[] = [60_000, 120_000];
const THROTTLED_RETRY_MS = 1000;
/** A flood of queued events must not keep a synchronous caller waiting behind it. */
const AT_ONCE = 4;

/** An event that was accepted with `InvocationType: Event`; times in milliseconds since the epoch. */
export interface QueuedInvocation extends Invocation {
  readonly functionName: string;
  readonly acceptedAt: number;
  /** How often the function has failed on it. */
  readonly failures: number;
  readonly notBefore: number;
}

const EventInvokeConfigProperties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.coerce.number().int().min(0).max(MAX_RETRIES).default(MAX_RETRIES),
  MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(MAX_AGE_SECONDS).default(MAX_AGE_SECONDS),
});

interface RetryRules {
  readonly retries: number;
  readonly maxAgeMs: number;
}

export interface AsyncInvocationsOptions {
  readonly queue: DurableQueue<QueuedInvocation>;
  /** Runs an event; rejects with `ResourceNotFoundException` or, for now, `TooManyRequestsException`. */
  readonly run: (invocation: QueuedInvocation) => Promise<InvocationResult>;
  readonly log: (line: string) => void;
  readonly retryAfterMs?: readonly number[];
}

/**
 * Lambda's internal queue: an event stays on disk until the function has handled it, has failed on it as often as it
 * may, or the event is too old. A restart goes on where the process stopped, so a function may see an event twice.
 */
export class AsyncInvocations {
  private readonly rules = new Map<string, RetryRules>();
  private readonly lanes = new Map<string, Lane>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private resumed = false;
  private closed = false;

  constructor(private readonly options: AsyncInvocationsOptions) {}

  /** Creates `AWS::Lambda::EventInvokeConfig`. */
  createConfig(resource: TemplateResource, nameOf: (functionName: string) => string) {
    const properties = parseProperties(EventInvokeConfigProperties, resource);
    const { MaximumRetryAttempts: retries, MaximumEventAgeInSeconds } = properties;
    this.rules.set(nameOf(properties.FunctionName), { retries, maxAgeMs: MaximumEventAgeInSeconds * 1000 });
    return { ref: generatedName(resource) };
  }

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
    const failures = entry.item.failures + 1;
    const delays = this.options.retryAfterMs ?? RETRY_AFTER_MS;
    const retryAt = Date.now() + (delays[failures - 1] ?? delays.at(-1) ?? 0);
    const { retries, maxAgeMs } = this.rulesOf(entry.item);
    const tooOld = retryAt > entry.item.acceptedAt + maxAgeMs;
    if (failures > retries || tooOld) this.giveUp(entry, `${fault.errorType}: ${fault.errorMessage}`);
    else this.schedule(this.options.queue.replace(entry.key, { ...entry.item, failures, notBefore: retryAt }));
  }

  /** A throttle is retried for as long as the event may be old; a function that is gone is not. */
  private refused(entry: QueueEntry<QueuedInvocation>, error: unknown): void {
    const throttled = error instanceof AwsError && error.code === 'TooManyRequestsException';
    const tooOld = Date.now() > entry.item.acceptedAt + this.rulesOf(entry.item).maxAgeMs;
    if (!throttled || tooOld) this.giveUp(entry, error instanceof Error ? error.message : String(error));
    else this.schedule({ key: entry.key, item: { ...entry.item, notBefore: Date.now() + THROTTLED_RETRY_MS } });
  }

  private giveUp({ key, item }: QueueEntry<QueuedInvocation>, why: string): void {
    this.options.log(
      `lambda: ${item.functionName} dropped event ${item.requestId} after ${item.failures + 1} attempts: ${why}`,
    );
    this.options.queue.remove(key);
  }

  private rulesOf(item: QueuedInvocation): RetryRules {
    return this.rules.get(item.functionName) ?? { retries: MAX_RETRIES, maxAgeMs: MAX_AGE_SECONDS * 1000 };
  }

  private laneOf(functionName: string): Lane {
    const lane =
      this.lanes.get(functionName) ??
      new Lane(AT_ONCE, (error) => this.options.log(`lambda: the queue of events: ${String(error)}`));
    this.lanes.set(functionName, lane);
    return lane;
  }
}
