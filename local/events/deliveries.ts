import type { DurableQueue, QueueEntry } from '../durable-queue.ts';
import { Lane } from '../lane.ts';
import { deadLetterAttributes, type RetryCondition } from './dead-letter.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './rule.ts';
import type { RuleMessage } from './rule-targets.ts';

const AT_ONCE = 16;
/** Who can wait does so while more than these are before it. */
const CROWD = 256;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 600_000;
/** EventBridge does not retry where the target is gone or refuses it. */
const FINAL_ERRORS = new Set([
  ...['ResourceNotFoundException', 'AccessDeniedException', 'RequestEntityTooLargeException'],
  ...['AccessDenied', 'QueueDoesNotExist', 'InvalidParameterValue', 'InvalidMessageContents'],
]);

/** The queue for an event that its target does not take, and the event itself where the target gets another text. */
export interface DeadLetterRule {
  readonly queueArn: string;
  readonly event?: string;
}

/** What becomes of a message that is not taken at once. */
export interface DeliveryRules {
  readonly retryPolicy: RetryPolicy;
  readonly deadLetter?: DeadLetterRule;
}

/** One event on its way to one target; times in milliseconds since the epoch. */
export interface Delivery extends RuleMessage, DeliveryRules {
  readonly acceptedAt: number;
  readonly failures: number;
  /** It is held back until then. */
  readonly notBefore?: number;
}

/**
 * Takes events to their targets, at least once each: a delivery stays on disk until the target has accepted it or its
 * retry policy gives up, over a restart too. One that was given up goes to the target's dead-letter queue in the same
 * way.
 */
export class Deliveries {
  private readonly lane: Lane;
  private readonly timers = new Set<NodeJS.Timeout>();
  private queued = 0;
  private waiting: (() => void)[] = [];
  private resumed = false;
  private closed = false;

  constructor(
    private readonly queue: DurableQueue<Delivery>,
    private readonly deliver: (message: RuleMessage) => Promise<void>,
    private readonly log: (line: string) => void,
  ) {
    this.lane = new Lane(AT_ONCE, (error) => log(`events: the queue of deliveries: ${String(error)}`));
  }

  /** When this returns, the delivery survives the process. @param delayMs how long it is held back */
  add(message: RuleMessage, rules: DeliveryRules, delayMs = 0): void {
    const acceptedAt = Date.now();
    const held = delayMs > 0 && { notBefore: acceptedAt + delayMs };
    const entry = this.queue.add({ ...message, ...rules, acceptedAt, failures: 0, ...held });
    if (this.resumed) this.start(entry);
  }

  /** Starts on everything accepted so far, by an earlier process too: from now on, deliveries begin at once. */
  resume(): void {
    this.resumed = true;
    for (const entry of this.queue.load()) this.start(entry);
  }

  /** Resolves once there is no crowd of deliveries before a new one; those that wait for a retry don't count. */
  async room(): Promise<void> {
    if (this.queued > CROWD && !this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.letIn();
  }

  private start(entry: QueueEntry<Delivery>): void {
    const wait = (entry.item.notBefore ?? 0) - Date.now();
    if (wait > 0) this.startIn(wait, entry);
    else this.startNow(entry);
  }

  private startNow(entry: QueueEntry<Delivery>): void {
    this.queued += 1;
    this.lane.add(async () => {
      try {
        await this.attempt(entry);
      } finally {
        this.queued -= 1;
        if (this.queued <= CROWD) this.letIn();
      }
    });
  }

  private letIn(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
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
    if (error instanceof Error && FINAL_ERRORS.has(error.name)) this.giveUp({ key, item }, error);
    else if (failures > item.retryPolicy.maxAttempts) this.giveUp({ key, item }, error, 'MaximumRetryAttempts');
    else if (tooOld) this.giveUp({ key, item }, error, 'MaximumEventAgeInSeconds');
    else this.startIn(wait, this.queue.replace(key, { ...item, failures }));
  }

  private giveUp({ key, item }: QueueEntry<Delivery>, error: unknown, exhausted?: RetryCondition): void {
    const { sourceArn, targetArn } = item;
    const letter = deadLetterOf(item, error, exhausted);
    const fate = letter
      ? `sends an event for ${targetArn} to ${letter.targetArn}`
      : `dropped an event for ${targetArn}`;
    this.log(`events: ${sourceArn} ${fate}: ${String(error)}`);
    if (letter) this.start(this.queue.replace(key, letter));
    else this.queue.remove(key);
  }

  private startIn(wait: number, entry: QueueEntry<Delivery>): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.start(entry);
    }, wait);
    this.timers.add(timer);
  }
}

/** What goes to the dead-letter queue instead; `undefined` where the target has none, or is one itself. */
function deadLetterOf(item: Delivery, error: unknown, exhausted: RetryCondition | undefined): Delivery | undefined {
  const { sourceArn, targetArn, payload, deadLetter, failures } = item;
  if (!deadLetter) return undefined;
  const lost = { ruleArn: sourceArn, targetArn, error, retries: failures, ...(exhausted && { exhausted }) };
  return {
    sourceArn,
    targetArn: deadLetter.queueArn,
    payload: deadLetter.event ?? payload,
    attributes: deadLetterAttributes(lost),
    retryPolicy: DEFAULT_RETRY_POLICY,
    acceptedAt: Date.now(),
    failures: 0,
  };
}
