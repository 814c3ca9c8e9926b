import type { DurableQueue, QueueEntry } from '../durable-queue.ts';
import type { ServiceInvocation } from '../lambda-invoker.ts';
import { Lane } from '../lane.ts';
import type { RetryPolicy } from './rule.ts';

const AT_ONCE = 16;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 600_000;
/** EventBridge does not retry where the target is gone or refuses it. */
const FINAL_ERRORS = new Set(['ResourceNotFoundException', 'AccessDeniedException', 'RequestEntityTooLargeException']);

/** One event on its way to one target; times in milliseconds since the epoch. */
export interface Delivery extends ServiceInvocation {
  readonly retryPolicy: RetryPolicy;
  readonly acceptedAt: number;
  readonly failures: number;
}

/**
 * Takes events to their targets, at least once each: a delivery stays on disk until the target has accepted it or its
 * retry policy gives up, over a restart too.
 */
export class Deliveries {
  private readonly lane: Lane;
  private readonly timers = new Set<NodeJS.Timeout>();
  private resumed = false;
  private closed = false;

  constructor(
    private readonly queue: DurableQueue<Delivery>,
    private readonly deliver: (invocation: ServiceInvocation) => Promise<void>,
    private readonly log: (line: string) => void,
  ) {
    this.lane = new Lane(AT_ONCE, (error) => log(`events: the queue of deliveries: ${String(error)}`));
  }

  /** When this returns, the delivery survives the process. */
  add(invocation: ServiceInvocation, retryPolicy: RetryPolicy): void {
    const entry = this.queue.add({ ...invocation, retryPolicy, acceptedAt: Date.now(), failures: 0 });
    if (this.resumed) this.start(entry);
  }

  /** Starts on everything accepted so far, by an earlier process too: from now on, deliveries begin at once. */
  resume(): void {
    this.resumed = true;
    for (const entry of this.queue.load()) this.start(entry);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private start(entry: QueueEntry<Delivery>): void {
    this.lane.add(() => this.attempt(entry));
  }

  private async attempt(entry: QueueEntry<Delivery>): Promise<void> {
    if (this.closed) return;
    try {
      await this.deliver(entry.item);
      this.queue.remove(entry.key);
    } catch (error) {
      if (!this.closed) this.failed(entry, error);
    }
  }

  private failed({ key, item }: QueueEntry<Delivery>, error: unknown): void {
    const failures = item.failures + 1;
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
    const tooOld = Date.now() + wait > item.acceptedAt + item.retryPolicy.maxAgeSeconds * 1000;
    const final = error instanceof Error && FINAL_ERRORS.has(error.name);
    if (final || tooOld || failures > item.retryPolicy.maxAttempts) {
      this.log(`events: ${item.sourceArn} dropped an event for ${item.functionArn}: ${String(error)}`);
      this.queue.remove(key);
      return;
    }
    const entry = this.queue.replace(key, { ...item, failures });
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.start(entry);
    }, wait);
    this.timers.add(timer);
  }
}
