import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ulid } from 'ulid';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DispatchRecord, expiresAt, MAX_ATTEMPTS } from '../../core/dispatch-record.ts';
import { type DispatchStatus, TERMINAL_STATUSES } from '../../core/dispatch-status.ts';
import { LIVING_STATUSES } from '../../lambdas/shared/dispatch-notes.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { aRecord, NOW, TASK_ARN } from './records.ts';
import { createDispatchesTable } from './tables.ts';

const LATER = '2026-03-01T12:00:05.000Z';
const OTHER_TASK = TASK_ARN.replace('0123', 'ffff');
const BEGUN = { status: 'RUNNING', taskArn: TASK_ARN, startedAt: NOW } as const;
const RACERS = 12;

/** What the store of dispatches promises to those who put right what went wrong. */
export function describeRecovery(client: () => DynamoDBClient): void {
  let store: DispatchStore;

  beforeAll(async () => {
    store = new DispatchStore(documentClient(client()), await createDispatchesTable(client()));
  });

  const given = async (fields: Partial<DispatchRecord> = {}): Promise<DispatchRecord> => {
    const record = aRecord({ dispatchId: ulid(), ...fields });
    await store.create(record);
    return record;
  };
  const fence = (record: DispatchRecord, taskArn = TASK_ARN) =>
    store.passFence({ dispatchId: record.dispatchId, attempt: record.attempt, taskArn, startedAt: LATER });

  describe('an ECS task that ECS tells of early', () => {
    it.each<[string, DispatchStatus, Partial<DispatchRecord>]>([
      ['is still PENDING', 'PENDING', {}],
      ['has begun', 'RUNNING', BEGUN],
      ['is completing', 'COMPLETING', { taskArn: OTHER_TASK, startedAt: NOW }],
      ['has ended', 'CANCELLED', {}],
      ['is a later one', 'PROVISIONING', { attempt: 2 }],
    ])('is not noted where the attempt %s', async (_, status, fields) => {
      const record = await given({ status, ...fields });

      const noted = await store.noteTask({ ...record, attempt: 1 }, OTHER_TASK, LATER);

      expect(noted).toBeUndefined();
      expect(await store.get(record.dispatchId)).toEqual(record);
    });

    it('is noted while the attempt is PROVISIONING, the last one that came', async () => {
      const record = await given({ status: 'PROVISIONING', cancelRequestedAt: NOW });

      await store.noteTask(record, 'first', NOW);
      const noted = await store.noteTask(record, 'second', LATER);

      expect(noted).toEqual({ ...record, taskArn: 'second', updatedAt: LATER });
      expect(await store.findByTask('second')).toBe(record.dispatchId);
      expect(await store.findByTask('first')).toBeUndefined();
    });

    it('keeps no worker out: that of another ECS task passes the start fence', async () => {
      const record = await given({ status: 'PROVISIONING' });
      await store.noteTask(record, OTHER_TASK, NOW);

      const passed = await fence(record);

      expect(passed).toBe(true);
      expect(await store.get(record.dispatchId)).toMatchObject({ status: 'RUNNING', taskArn: TASK_ARN });
    });

    it('makes no outcome invalid that was formed while nobody had begun', async () => {
      const record = await given({ status: 'PROVISIONING' });
      await store.noteTask(record, OTHER_TASK, NOW);

      const ended = await store.end(record, { status: 'FAILED' }, { writer: 'settle', endedAt: NOW });

      expect(ended).toBe(true);
    });

    it('or a cancel, whichever is written second, sees the other', async () => {
      const record = await given({ status: 'PROVISIONING' });

      const [noted, cancelled] = await Promise.all([
        store.noteTask(record, TASK_ARN, NOW),
        store.requestCancel(record.dispatchId, NOW),
      ]);

      expect([noted?.cancelRequestedAt !== undefined, cancelled?.taskArn !== undefined].toSorted()).toEqual([
        false,
        true,
      ]);
    });
  });

  describe('what an attempt waits for', () => {
    const waitingFor = { workspace: 'acme/rocket', dispatchId: ulid() };

    it('is noted while it runs, and taken off when it waits no more', async () => {
      const record = await given(BEGUN);

      const noted = await store.noteWaiting(record, waitingFor, LATER);
      const during = await store.get(record.dispatchId);
      await store.noteWaiting(record, undefined, LATER);

      expect(noted).toBe(true);
      expect(during).toEqual({ ...record, waitingFor, updatedAt: LATER });
      expect(await store.get(record.dispatchId)).toEqual({ ...record, updatedAt: LATER });
    });

    it('is not noted for one that is not current, or has ended', async () => {
      const running = await given({ ...BEGUN, attempt: 2 });
      const ended = await given({ status: 'FAILED', endedAt: NOW });

      const noted = [
        await store.noteWaiting({ ...running, attempt: 1 }, waitingFor, LATER),
        await store.noteWaiting(ended, waitingFor, LATER),
      ];

      expect(noted).toEqual([false, false]);
    });

    it('goes with the end, as where its worker was killed', async () => {
      const record = await given({ ...BEGUN, waitingFor });

      await store.end(record, { status: 'FAILED', taskArn: TASK_ARN }, { writer: 'settle', endedAt: LATER });

      expect(await store.get(record.dispatchId)).toMatchObject({ status: 'FAILED' });
      expect(await store.get(record.dispatchId)).not.toHaveProperty('waitingFor');
    });
  });

  describe('that an attempt is being settled', () => {
    it('is noted while it lives, anew each time, and moves nothing else', async () => {
      const record = await given(BEGUN);

      const noted = [await store.noteSettling(record, NOW), await store.noteSettling(record, LATER)];

      expect(noted).toEqual([true, true]);
      expect(await store.get(record.dispatchId)).toEqual({ ...record, settlingAt: LATER });
    });

    it('is not noted for one that is not current, or has ended', async () => {
      const running = await given({ ...BEGUN, attempt: 2 });
      const ended = await given({ status: 'FAILED', endedAt: NOW });

      const noted = [
        await store.noteSettling({ ...running, attempt: 1 }, LATER),
        await store.noteSettling(ended, LATER),
      ];

      expect(noted).toEqual([false, false]);
      expect(await store.get(running.dispatchId)).toEqual(running);
    });

    it('goes with the end', async () => {
      const record = await given({ ...BEGUN, settlingAt: NOW });

      await store.end(record, { status: 'FAILED', taskArn: TASK_ARN }, { writer: 'settle', endedAt: LATER });

      expect(await store.get(record.dispatchId)).not.toHaveProperty('settlingAt');
    });
  });

  describe('an end that is not out', () => {
    it('is found by the index until it is published, and nothing else is', async () => {
      const [record, living] = [await given(BEGUN), await given(BEGUN)];
      await store.end(record, { status: 'FAILED', taskArn: TASK_ARN }, { writer: 'settle', endedAt: NOW });

      const before = await store.unpublishedPage(100);
      await store.markPublished(record, LATER);
      const after = await store.unpublishedPage(100);

      expect(before.items).toContain(record.dispatchId);
      expect([...before.items, ...after.items]).not.toContain(living.dispatchId);
      expect(after.items).not.toContain(record.dispatchId);
    });
  });

  it('finds dispatches of a status page by page, the oldest first', async () => {
    const ids: string[] = [];
    for (const second of [3, 1, 2]) {
      const { dispatchId } = await given({ status: 'COMPLETING', createdAt: `2020-01-01T00:00:0${second}.000Z` });
      ids.push(dispatchId);
    }

    const first = await store.page('COMPLETING', 2);
    const second = await store.page('COMPLETING', 2, first.next);

    const found = [...first.items, ...second.items].map(({ dispatchId }) => dispatchId);
    expect(found.slice(0, 3)).toEqual([ids[1], ids[2], ids[0]]);
  });

  describeReplay(() => store, given);
}

function describeReplay(
  store: () => DispatchStore,
  given: (fields?: Partial<DispatchRecord>) => Promise<DispatchRecord>,
): void {
  const ENDED = { status: 'FAILED', endedAt: NOW, publishedAt: NOW } as const;
  const replay = ({ dispatchId, attempt }: DispatchRecord, key = 'key') =>
    store().replay({ dispatchId, attempt, key, now: new Date(LATER) });

  describe('a replay', () => {
    it('takes an attempt that has ended to the next one, with nothing of the one before', async () => {
      const ofBefore = {
        ...BEGUN,
        ...ENDED,
        executionArn: 'arn',
        slotId: ulid(),
        cancelRequestedAt: NOW,
        settlingAt: NOW,
      };
      const output = { outputKey: 'dispatches/x/1/', fileCount: 1, totalBytes: 2 };
      const left = { output, usage: { inputTokens: 1, outputTokens: 2 } };
      const record = await given({ ...ofBefore, ...left, exitCode: 3, reason: 'x', stoppedAt: NOW, outcomeId: 'x' });

      const replayed = await replay(record);

      expect(replayed).toEqual({
        ...aRecord({ dispatchId: record.dispatchId, status: 'PENDING', attempt: 2 }),
        attemptedAt: LATER,
        updatedAt: LATER,
        expiresAt: expiresAt(new Date(LATER)),
        replayKeys: new Set(['key']),
      });
      expect(await store().get(record.dispatchId)).toEqual(replayed);
    });

    it.each(LIVING_STATUSES)('leaves a dispatch that is %s alone', async (status) => {
      const record = await given({ status, publishedAt: NOW });

      expect(await replay(record)).toBeUndefined();
      expect(await store().get(record.dispatchId)).toEqual(record);
    });

    it('leaves an end alone that is not out yet', async () => {
      const record = await given({ status: 'FAILED', endedAt: NOW, unpublished: 'yes' });

      expect(await replay(record)).toBeUndefined();
    });

    it('makes one attempt of a key, however often it comes and however many at once', async () => {
      const record = await given(ENDED);

      const answers = await Promise.all(Array.from({ length: RACERS }, () => replay(record)));

      expect(answers.map((answer) => answer?.attempt)).toEqual(answers.map(() => 2));
    });

    it('makes one attempt of one before, whatever the race of keys', async () => {
      const record = await given(ENDED);

      const answers = await Promise.all(Array.from({ length: RACERS }, (_, index) => replay(record, `key ${index}`)));

      expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
    });

    it('asks for nothing by a key that was used for an earlier attempt', async () => {
      const record = await given(ENDED);
      const second = await replay(record);
      await store().end({ ...record, attempt: 2 }, { status: 'FAILED' }, { writer: 'settle', endedAt: LATER });
      await store().markPublished({ ...record, attempt: 2 }, LATER);

      const again = second && (await replay(second));
      const other = second && (await replay(second, 'another key'));

      expect(again).toBeUndefined();
      expect(other).toMatchObject({ attempt: 3, replayKeys: new Set(['key', 'another key']) });
    });

    it('makes as many attempts as may be, and not one more', async () => {
      const [last, full] = [
        await given({ ...ENDED, attempt: MAX_ATTEMPTS - 1 }),
        await given({ ...ENDED, attempt: MAX_ATTEMPTS }),
      ];

      const answers = [await replay(last), await replay(full)];

      expect(answers.map((answer) => answer?.attempt)).toEqual([MAX_ATTEMPTS, undefined]);
      expect(await store().get(full.dispatchId)).toEqual(full);
    });

    it('has room on its record for the longest keys of as many attempts', async () => {
      const longest = (index: number) => String(index).padEnd(256, '\u{3042}');
      const replayKeys = new Set(Array.from({ length: MAX_ATTEMPTS - 2 }, (_, index) => longest(index)));
      const record = await given({ ...ENDED, attempt: MAX_ATTEMPTS - 1, reason: 'x'.repeat(2_000), replayKeys });

      const replayed = await replay(record, longest(MAX_ATTEMPTS));

      expect(replayed?.replayKeys?.size).toBe(MAX_ATTEMPTS - 1);
    });

    it.each(TERMINAL_STATUSES)('is possible after %s', async (status) => {
      const record = await given({ ...ENDED, status });

      expect(await replay(record)).toMatchObject({ attempt: 2, status: 'PENDING' });
    });

    it('keeps a worker of the attempt before from beginning, and its outcome from being written', async () => {
      const record = await given(ENDED);
      await replay(record);

      const late = [
        await store().passFence({ ...record, taskArn: TASK_ARN, startedAt: LATER }),
        await store().end(record, { status: 'CANCELLED' }, { writer: 'settle', endedAt: LATER }),
        await store().markPublished(record, LATER),
      ];

      expect(late).toEqual([false, false, false]);
      expect(await store().get(record.dispatchId)).toMatchObject({ attempt: 2, status: 'PENDING' });
    });
  });
}
