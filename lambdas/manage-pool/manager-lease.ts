import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { MANAGER_KEY } from '../../core/slot.ts';
import { SlotInput } from '../../core/workflow.ts';
import { anyOf, type Condition, is, isAbsent, updatedItemIf, updateIf } from '../shared/conditional-update.ts';
import { BootBackoff } from './boot-backoff.ts';

/**
 * Milliseconds that a manager is the only one without a word of its own. Short, because a manager that was killed leaves
 * the pool alone for so long; what a slower one may do when it wakes is fenced (see `note`).
 */
export const LEASE_MS = 30_000;

/** A slot that is to be started, under the id that it will have whoever starts it. */
export const Intent = SlotInput.extend({ createdAt: z.iso.datetime() });
export type Intent = z.infer<typeof Intent>;

/** What managers leave to their successors, beside the lease: an item of the pool table. Times are ISO 8601. */
const ManagerItem = z.object({
  /** Triggers that have come so far. */
  requests: z.int().default(0),
  holder: z.string().optional(),
  leaseUntil: z.iso.datetime().optional(),
  /** When a manager last ran: waiting workers read it. */
  seenAt: z.iso.datetime().optional(),
  /** When the first manager ran: what was before is not known. */
  since: z.iso.datetime().optional(),
  /** When the ECS tasks were last looked at. */
  lookedAt: z.iso.datetime().optional(),
  /** Slots that a manager has resolved to start, and may not have. */
  intents: z.array(Intent).default([]),
  /** By agent. */
  backoff: z.record(z.string(), BootBackoff).default({}),
  /** ECS tasks that nobody seems to know, and when that was first noted, by ARN. */
  orphans: z.record(z.string(), z.iso.datetime()).default({}),
});
export type ManagerState = z.infer<typeof ManagerItem>;

/** The attributes that a manager writes at will. */
export type ManagerNotes = Partial<Pick<ManagerState, 'lookedAt' | 'intents' | 'backoff' | 'orphans'>>;

/** Another manager has taken over: this one has nothing more to write. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor() {
    super('Another manager has taken over the pool.');
  }
}

/**
 * One manager's hold on the pool. Every trigger counts itself first, and a manager goes only once it has seen all of
 * them, so none is lost and none starts a second manager.
 *
 * A lease alone does not keep a manager that was paused (by a slow network, by Lambda) from acting on what it had seen
 * before its lease ran out. So it starts no slot that is not noted here, by a write that only the holder can make, with
 * its id: what a manager intended before it was paused is its successor's to carry out, and comes to the same slots;
 * what it intends later is refused. All else that a paused manager may still do asks a condition of the slot itself, or
 * is about what can never be wanted again, such as the ECS task of a tombstone. At the worst it drains as surplus a
 * waiting slot that is no surplus any more, and its successor starts another.
 */
export class ManagerLease {
  private until = 0;

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tableName: string,
    /** Told from every other run of a manager. */
    private readonly holder: string,
    private readonly now: () => Date,
  ) {}

  /** Counts a trigger. Returns whether another manager is at work, which will see it. */
  async request(): Promise<boolean> {
    const { Attributes = {} } = await this.client.send(
      new UpdateCommand({
        TableName: this.tableName,
        Key: MANAGER_KEY,
        UpdateExpression: 'ADD requests :one',
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'ALL_NEW',
      }),
    );
    const { holder, leaseUntil } = ManagerItem.parse(Attributes);
    return holder !== undefined && leaseUntil !== undefined && leaseUntil >= this.now().toISOString();
  }

  /** Takes the lease where it is free or has run out. Returns what managers before have left, or nothing. */
  async acquire(): Promise<ManagerState | undefined> {
    const now = this.now().toISOString();
    const item = await updatedItemIf(this.client, this.tableName, {
      key: MANAGER_KEY,
      when: [anyOf(isAbsent('holder'), isBefore('leaseUntil', now), is('holder', this.holder))],
      set: { holder: this.holder, ...this.term() },
      setOnce: { since: now },
    });
    return item && ManagerItem.parse(item);
  }

  /** Renews the lease, and notes this with it. Throws a `LeaseLostError` where another has taken over. */
  async note(notes: ManagerNotes = {}): Promise<ManagerState> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: MANAGER_KEY,
      when: [is('holder', this.holder)],
      set: { ...this.term(), ...notes },
    });
    if (!item) throw new LeaseLostError();
    return ManagerItem.parse(item);
  }

  /** Renews the lease where less than half of it is left. Throws a `LeaseLostError` where another has taken over. */
  async keep(): Promise<void> {
    if (this.until - this.now().getTime() < LEASE_MS / 2) await this.note();
  }

  /**
   * Gives the lease back, noting this with it.
   * @param requests returns `false`, and keeps the lease, where more triggers have come than these; all are fine if absent
   */
  async release(notes: ManagerNotes, requests?: number): Promise<boolean> {
    return updateIf(this.client, this.tableName, {
      key: MANAGER_KEY,
      when: [is('holder', this.holder), ...(requests === undefined ? [] : [is('requests', requests)])],
      set: { seenAt: this.now().toISOString(), ...notes },
      remove: ['holder', 'leaseUntil'],
    });
  }

  private term(): { leaseUntil: string; seenAt: string } {
    const now = this.now();
    this.until = now.getTime() + LEASE_MS;
    return { leaseUntil: new Date(this.until).toISOString(), seenAt: now.toISOString() };
  }
}

function isBefore(attribute: string, time: string): Condition {
  return (mention) => `${mention.name(attribute)} < ${mention.value(time)}`;
}
