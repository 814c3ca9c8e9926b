import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { Slot, type SlotRef, type SlotState, type SlotStop, slotStatesBefore } from '../../core/slot.ts';
import { TOMBSTONE_MS } from '../../core/slot-times.ts';
import {
  allOf,
  anyOf,
  type ConditionalUpdate,
  deleteIf,
  exists,
  is,
  isAbsent,
  isAtLeast,
  isOneOf,
  updatedItemIf,
  updateIf,
} from './conditional-update.ts';
import { PoolReads } from './pool-reads.ts';

/** Whose claim, of which revision, seen since when. Times are ISO 8601. */
export interface Claim {
  readonly claimedBy: string;
  readonly taskDefinitionArn: string;
  readonly seenSince: string;
  readonly claimedAt: string;
}

/** What is written of the warm slots in the pool table. A lost race is `false` or `undefined`; a throttle is an exception. */
export class PoolStore extends PoolReads {
  /** Puts the intent to start a slot. Returns `false` where there is one of this id, and leaves it as it is. */
  async create(slot: Slot): Promise<boolean> {
    try {
      await this.client.send(
        new PutCommand({
          TableName: this.tableName,
          Item: slot,
          ConditionExpression: 'attribute_not_exists(slotId)',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** BOOTING to WARM, by the slot's worker. Returns `false` where it is not wanted any more. */
  async register(ref: SlotRef, taskArn: string, at: string): Promise<boolean> {
    return this.updateIf({
      key: keyOf(ref),
      when: [anyOf(isOneOf('state', slotStatesBefore('WARM')), allOf(is('state', 'WARM'), is('taskArn', taskArn)))],
      set: { state: 'WARM', taskArn, warmAt: at, seenAt: at },
    });
  }

  /** The worker of a slot says that it still waits. Returns `false` where the slot is not WARM, or another's. */
  async seen(ref: SlotRef, taskArn: string, at: string): Promise<boolean> {
    return this.updateIf({
      key: keyOf(ref),
      when: [is('state', 'WARM'), is('taskArn', taskArn)],
      set: { seenAt: at },
    });
  }

  /** WARM to CLAIMED, for one attempt; `true` as well where it was claimed for this very attempt before. */
  async claim(ref: SlotRef, { claimedBy, taskDefinitionArn, seenSince, claimedAt }: Claim): Promise<boolean> {
    const servable = allOf(
      isOneOf('state', slotStatesBefore('CLAIMED')),
      is('taskDefinitionArn', taskDefinitionArn),
      isAtLeast('seenAt', seenSince),
    );
    return this.updateIf({
      key: keyOf(ref),
      when: [anyOf(servable, allOf(is('state', 'CLAIMED'), is('claimedBy', claimedBy)))],
      set: { state: 'CLAIMED', claimedBy, claimedAt },
    });
  }

  /**
   * ASSIGNED to RUNNING, by the slot's worker with the token that it read; `true` as well where this very ECS task has
   * acknowledged it before. `false`: the slot was drained.
   */
  async acknowledge(ref: SlotRef, taskToken: string, ackedBy: string, ackedAt: string): Promise<boolean> {
    return this.updateIf({
      key: keyOf(ref),
      when: [
        is('taskToken', taskToken),
        anyOf(isOneOf('state', slotStatesBefore('RUNNING')), allOf(is('state', 'RUNNING'), is('ackedBy', ackedBy))),
      ],
      set: { state: 'RUNNING', ackedBy },
      setOnce: { ackedAt },
    });
  }

  /**
   * Takes a slot back from the attempt that claimed it, as long as no worker has acknowledged it; `true` as well where it
   * drains already. `false`: it is too late, or the slot is another's.
   */
  async reclaim(ref: SlotRef, claimedBy: string, drainedAt: string): Promise<boolean> {
    return this.updateIf({
      key: keyOf(ref),
      when: [is('claimedBy', claimedBy), isOneOf('state', ['CLAIMED', 'ASSIGNED', 'DRAINING'])],
      set: { state: 'DRAINING' },
      setOnce: { drainedAt, drainReason: 'reclaimed' },
    });
  }

  /** Drains a slot that is in one of these states. Returns `false` where it is not, or not any more. */
  async drain(ref: SlotRef, from: readonly SlotState[], drainReason: string, drainedAt: string): Promise<boolean> {
    const before = slotStatesBefore('DRAINING');
    return this.updateIf({
      key: keyOf(ref),
      when: [
        isOneOf(
          'state',
          from.filter((state) => before.includes(state)),
        ),
        isAbsent('ackedBy'),
      ],
      set: { state: 'DRAINING', drainReason, drainedAt },
    });
  }

  /**
   * Makes a slot a tombstone, as its own execution does at its end; for one whose execution is gone. Its stop is due to
   * the dispatch that was assigned to it from then on. Returns the slot as it is then, or `undefined` where it was a
   * tombstone before.
   */
  async close(ref: SlotRef, stop: SlotStop, at: Date): Promise<Slot | undefined> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: keyOf(ref),
      when: [isOneOf('state', slotStatesBefore('STOPPED'))],
      set: { state: 'STOPPED', stop, stoppedAt: at.toISOString(), stopDue: true, expiresAt: tombstoneExpiry(at) },
    });
    return item && Slot.parse(item);
  }

  /** Notes that the stop of a tombstone has been handed to the dispatch that waited for it, or that none waits any more. */
  async stopHandedBack(ref: SlotRef): Promise<void> {
    await this.updateIf({ key: keyOf(ref), when: [exists('stopDue')], remove: ['stopDue'] });
  }

  /** Removes a tombstone: DynamoDB's own TTL may take days. */
  async bury(ref: SlotRef): Promise<boolean> {
    return deleteIf(this.client, this.tableName, keyOf(ref), [is('state', 'STOPPED')]);
  }

  private updateIf(update: ConditionalUpdate): Promise<boolean> {
    return updateIf(this.client, this.tableName, update);
  }
}

function keyOf({ agentType, slotId }: SlotRef): Record<string, string> {
  return { agentType, slotId };
}

function tombstoneExpiry(from: Date): number {
  return Math.floor((from.getTime() + TOMBSTONE_MS) / 1000);
}
