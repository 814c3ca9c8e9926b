import { randomUUID } from 'node:crypto';
import type { DurableQueue, QueueEntry } from '../durable-queue.ts';
import { AwsError } from '../gateway/aws-error.ts';
import type { QueueConfiguration } from './queue-properties.ts';
import { readHandle, receiptHandle } from './receipt-handle.ts';
import { invalidValue } from './sqs-error.ts';
import type { NewMessage, StoredMessage } from './stored-message.ts';

const PURGE_PAUSE_MS = 60_000;

/** A message as it is received, with the handle to delete it by. */
export interface ReceivedMessage extends StoredMessage {
  readonly handle: string;
}

/** How many messages can be received now, are with a receiver, or are delayed. */
export interface MessageCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/**
 * One standard queue. What a call has answered is on disk: messages, who has them until when, and how often they were
 * received. Messages come out in the order in which they came in, as far as they are visible.
 */
export class Queue {
  private readonly entries = new Map<string, QueueEntry<StoredMessage>>();
  private readonly waiting = new Set<() => void>();
  private purgedAt = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(
    readonly configuration: QueueConfiguration,
    private readonly store: Pick<DurableQueue<StoredMessage>, 'add' | 'replace' | 'remove' | 'load'>,
    readonly createdAt = Date.now(),
  ) {
    for (const entry of store.load()) this.entries.set(entry.item.messageId, entry);
  }

  /** Answers like this queue, empty, and keeps nothing. */
  imaginary(): Queue {
    return new Queue(this.configuration, {
      add: (item) => ({ key: '', item }),
      replace: (key, item) => ({ key, item }),
      remove: () => {},
      load: () => [],
    });
  }

  /** When this returns, the message survives the process. */
  send(message: NewMessage, delaySeconds = this.configuration.delay): StoredMessage {
    const sentAt = Date.now();
    const visibleAt = sentAt + delaySeconds * 1000;
    const entry = this.store.add({ ...message, messageId: randomUUID(), sentAt, visibleAt, receiveCount: 0 });
    this.entries.set(entry.item.messageId, entry);
    this.wake();
    return entry.item;
  }

  /**
   * Takes up to `count` messages for `visibilitySeconds`; waits for a first one for `waitSeconds` at most.
   */
  async receive(count: number, visibilitySeconds: number, waitSeconds: number): Promise<ReceivedMessage[]> {
    const deadline = Date.now() + waitSeconds * 1000;
    for (;;) {
      const received = this.take(count, visibilitySeconds);
      if (received.length > 0 || this.closed || Date.now() >= deadline) return received;
      await this.change(Math.min(deadline, this.nextVisibleAt()));
    }
  }

  /** Does nothing where the message is gone, or where a later receive has given out another handle. */
  delete(handle: string): void {
    const entry = this.held(handle);
    if (!entry) return;
    this.store.remove(entry.key);
    this.entries.delete(entry.item.messageId);
  }

  /** @throws AwsError `InvalidParameterValue` for a message that is gone, `MessageNotInflight` for one that nobody has */
  changeVisibility(handle: string, seconds: number): void {
    const entry = this.held(handle);
    if (!entry) {
      const reason = 'Message does not exist or is not available for visibility timeout change.';
      throw invalidValue('ReceiptHandle', handle, reason);
    }
    if (entry.item.visibleAt <= Date.now()) {
      throw new AwsError('MessageNotInflight', 'The message referred to is not in flight.');
    }
    this.replace(entry, { ...entry.item, visibleAt: Date.now() + seconds * 1000 });
    this.wake();
  }

  purge(): void {
    if (Date.now() < this.purgedAt + PURGE_PAUSE_MS) {
      const message = `Only one PurgeQueue operation on ${this.configuration.name} is allowed every 60 seconds.`;
      throw new AwsError('PurgeQueueInProgress', message, { status: 403 });
    }
    for (const { key } of this.entries.values()) this.store.remove(key);
    this.entries.clear();
    this.purgedAt = Date.now();
  }

  counts(): MessageCounts {
    this.expire();
    const now = Date.now();
    const hidden = [...this.entries.values()].filter(({ item }) => item.visibleAt > now);
    const delayed = hidden.filter(({ item }) => item.receiveCount === 0).length;
    return { visible: this.entries.size - hidden.length, inFlight: hidden.length - delayed, delayed };
  }

  /** Ends every wait for messages. */
  close(): void {
    this.closed = true;
    this.wake();
  }

  private take(count: number, visibilitySeconds: number): ReceivedMessage[] {
    this.expire();
    const now = Date.now();
    const received: ReceivedMessage[] = [];
    for (const entry of this.entries.values()) {
      if (received.length === count) break;
      if (entry.item.visibleAt > now) continue;
      const item = {
        ...entry.item,
        visibleAt: now + visibilitySeconds * 1000,
        receiveCount: entry.item.receiveCount + 1,
        firstReceivedAt: entry.item.firstReceivedAt ?? now,
        receipt: randomUUID(),
      };
      this.replace(entry, item);
      received.push({ ...item, handle: receiptHandle(this.configuration.name, item) });
    }
    return received;
  }

  /** The message of the latest handle that was given out for it. */
  private held(handle: string): QueueEntry<StoredMessage> | undefined {
    const { messageId, receipt } = readHandle(this.configuration.name, handle);
    const entry = this.entries.get(messageId);
    return entry?.item.receipt === receipt ? entry : undefined;
  }

  private replace(entry: QueueEntry<StoredMessage>, item: StoredMessage): void {
    this.entries.set(item.messageId, this.store.replace(entry.key, item));
  }

  /** Drops what has been there for longer than the retention period: the oldest come first. */
  private expire(): void {
    const oldest = Date.now() - this.configuration.retentionPeriod * 1000;
    for (const { key, item } of this.entries.values()) {
      if (item.sentAt > oldest) return;
      this.store.remove(key);
      this.entries.delete(item.messageId);
    }
  }

  private nextVisibleAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { item } of this.entries.values()) next = Math.min(next, item.visibleAt);
    return next;
  }

  /** Resolves when something may be there to receive, at that time at the latest. */
  private change(until: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, until - Date.now()));
      this.waiting.add(done);
    });
  }

  private wake(): void {
    for (const done of [...this.waiting]) done();
  }
}
