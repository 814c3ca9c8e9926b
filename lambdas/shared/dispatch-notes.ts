import { DispatchRecord } from '../../core/dispatch-record.ts';
import { DISPATCH_STATUSES, isTerminal } from '../../core/dispatch-status.ts';
import type { AttemptRef } from '../../core/ids.ts';
import type { WaitingFor } from '../../core/workspace-mode.ts';
import { type ConditionalUpdate, is, isAbsent, isOneOf, updatedItemIf, updateIf } from './conditional-update.ts';
import { DispatchReads } from './dispatch-reads.ts';

export const LIVING_STATUSES = DISPATCH_STATUSES.filter((status) => !isTerminal(status));

/** What is noted on the record of a living attempt, beside its status. A lost race is `false` or `undefined`. */
export class DispatchNotes extends DispatchReads {
  /**
   * Notes that a cancel was asked for; the first time that it was asked stays. Returns the record as it is then, or
   * `undefined` where there is none or it has ended.
   */
  async requestCancel(dispatchId: string, now: string): Promise<DispatchRecord | undefined> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: { dispatchId },
      when: [isOneOf('status', LIVING_STATUSES)],
      set: { updatedAt: now },
      setOnce: { cancelRequestedAt: now },
    });
    return item && DispatchRecord.parse(item);
  }

  /**
   * Notes the ECS task that was started for an attempt, before it has passed the start fence. That is a hint for whoever
   * cancels: it binds no worker, and comes late or never. Returns the record as it is then, or `undefined` where the
   * attempt is not current, or not PROVISIONING.
   */
  async noteTask(
    { dispatchId, attempt }: AttemptRef,
    taskArn: string,
    now: string,
  ): Promise<DispatchRecord | undefined> {
    const item = await updatedItemIf(this.client, this.tableName, {
      key: { dispatchId },
      when: [is('attempt', attempt), is('status', 'PROVISIONING'), isAbsent('startedAt')],
      set: { taskArn, updatedAt: now },
    });
    return item && DispatchRecord.parse(item);
  }

  /**
   * Notes what an attempt waits for before its agent begins, or that it waits no more. Returns `false` where the attempt
   * is not current, or not RUNNING.
   */
  async noteWaiting(
    { dispatchId, attempt }: AttemptRef,
    waitingFor: WaitingFor | undefined,
    now: string,
  ): Promise<boolean> {
    return this.updateIf({
      key: { dispatchId },
      when: [is('attempt', attempt), is('status', 'RUNNING')],
      set: { waitingFor, updatedAt: now },
      ...(waitingFor === undefined ? { remove: ['waitingFor'] } : {}),
    });
  }

  /**
   * Notes that `settle` has begun to end an attempt, so that nobody else asks it to. Returns `false` where the attempt is
   * not current, or has ended.
   */
  async noteSettling({ dispatchId, attempt }: AttemptRef, settlingAt: string): Promise<boolean> {
    return this.updateIf({
      key: { dispatchId },
      when: [is('attempt', attempt), isOneOf('status', LIVING_STATUSES)],
      set: { settlingAt },
    });
  }

  protected updateIf(update: ConditionalUpdate): Promise<boolean> {
    return updateIf(this.client, this.tableName, update);
  }
}
