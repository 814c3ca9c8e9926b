import { createHash } from 'node:crypto';
import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { DISPATCH_STATUSES, type DispatchStatus, TERMINAL_STATUSES } from '../../core/dispatch-status.ts';
import { ApiKeyStore } from '../../lambdas/shared/api-key-store.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { describeDynamoDb } from './dynamodb-contract.ts';
import { describePool } from './pool-contract.ts';
import { aRecord, NOW, TASK_ARN } from './records.ts';
import { describeRecovery } from './recovery-contract.ts';
import { createDispatchesTable, createTable } from './tables.ts';
import { describeTenants } from './tenant-contract.ts';
import { describeWorkspaces } from './workspace-contract.ts';

/** A DynamoDB that the stores are held against. */
export interface DynamoDbUnderTest {
  readonly client: DynamoDBClient;
  close(): Promise<void>;
}

const LATER = '2026-03-01T12:00:05.000Z';
const OTHER_TASK = TASK_ARN.replace('0123', 'ffff');
const RACERS = 12;

/** What our stores promise, and what they build upon, whichever DynamoDB is underneath. */
export function describeStores(name: string, connect: () => Promise<DynamoDbUnderTest>): void {
  describe(`the stores on ${name}`, () => {
    let database: DynamoDbUnderTest;
    let documents: DynamoDBDocumentClient;

    beforeAll(async () => {
      database = await connect();
      documents = documentClient(database.client);
    });
    afterAll(() => database.close());

    describeDispatches(() => database.client);
    describeRecovery(() => database.client);
    describeTenants(() => database.client);
    describePool(() => database.client);
    describeWorkspaces(() => database.client);
    describeDynamoDb(() => database.client);

    it('knows an issued key by its hash alone, and a revoked one no more', async () => {
      const table = await createTable(database.client, 'keyHash');
      const keys = new ApiKeyStore(documents, table);
      const key = await keys.issue('acme', new Date(NOW));
      const other = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;

      const found = [await keys.tenantOf(key), await keys.tenantOf(other), await keys.tenantOf('op_live_')];
      await revokeAll(database.client, table, key);

      expect(key).toMatch(/^op_live_[\w-]{43}$/);
      expect(found).toEqual(['acme', undefined, undefined]);
      expect(await keys.tenantOf(key)).toBeUndefined();
    });
  });
}

async function revokeAll(client: DynamoDBClient, TableName: string, key: string): Promise<void> {
  const keyHash = createHash('sha256').update(key).digest('hex');
  await client.send(new DeleteItemCommand({ TableName, Key: { keyHash: { S: keyHash } } }));
}

function describeDispatches(client: () => DynamoDBClient): void {
  let store: DispatchStore;

  beforeAll(async () => {
    store = new DispatchStore(documentClient(client()), await createDispatchesTable(client()));
  });

  const given = async (fields: Partial<DispatchRecord>): Promise<DispatchRecord> => {
    const record = aRecord({ dispatchId: ulid(), ...fields });
    await store.create(record);
    return record;
  };
  const fence = (record: DispatchRecord, taskArn = TASK_ARN) =>
    store.passFence({ dispatchId: record.dispatchId, attempt: record.attempt, taskArn, startedAt: NOW });

  it('creates a record once, and leaves it as it is from then on', async () => {
    const record = await given({});

    const again = await store.create({ ...record, status: 'FAILED' });

    expect(again).toBe(false);
    expect(await store.get(record.dispatchId)).toEqual(record);
    expect(await store.get(ulid())).toBeUndefined();
  });

  it('lets one worker through the start fence, whatever the race, and that one again', async () => {
    const record = await given({ status: 'PROVISIONING' });
    const arns = Array.from({ length: RACERS }, (_, index) => `${TASK_ARN}${index}`);

    const passed = await Promise.all(arns.map((arn) => fence(record, arn)));

    const winners = arns.filter((_, index) => passed[index]);
    expect(winners).toHaveLength(1);
    expect(await fence(record, winners[0])).toBe(true);
    expect(await store.get(record.dispatchId)).toMatchObject({
      status: 'RUNNING',
      taskArn: winners[0],
      startedAt: NOW,
    });
  });

  it.each<[string, Partial<DispatchRecord>]>([
    ['is still PENDING', { status: 'PENDING' }],
    ['has ended', { status: 'FAILED' }],
    ['is completing', { status: 'COMPLETING', taskArn: TASK_ARN }],
    ['was cancelled', { status: 'PROVISIONING', cancelRequestedAt: NOW }],
    ['runs in another ECS task', { status: 'RUNNING', taskArn: OTHER_TASK, startedAt: NOW }],
  ])('keeps a worker out where the attempt %s', async (_, fields) => {
    const record = await given(fields);

    const passed = await fence(record);

    expect(passed).toBe(false);
    expect(await store.get(record.dispatchId)).toEqual(record);
  });

  it('keeps a worker of another attempt, or of no dispatch, out', async () => {
    const record = await given({ status: 'PROVISIONING', attempt: 2 });

    const passed = [await fence({ ...record, attempt: 1 }), await fence(aRecord({ dispatchId: ulid() }))];

    expect(passed).toEqual([false, false]);
  });

  it('keeps the time at which a cancel was first asked for', async () => {
    const record = await given({ status: 'RUNNING', taskArn: TASK_ARN });

    const first = await store.requestCancel(record.dispatchId, NOW);
    const second = await store.requestCancel(record.dispatchId, LATER);

    expect(first).toMatchObject({ cancelRequestedAt: NOW, taskArn: TASK_ARN });
    expect(second).toMatchObject({ cancelRequestedAt: NOW, updatedAt: LATER });
  });

  it('either cancels before the fence or lets the canceller see the ECS task', async () => {
    const record = await given({ status: 'PROVISIONING' });

    const [passed, cancelled] = await Promise.all([fence(record), store.requestCancel(record.dispatchId, NOW)]);

    expect(cancelled?.taskArn).toBe(passed ? TASK_ARN : undefined);
  });

  it('cancels nothing that has ended or never was', async () => {
    const ended = await Promise.all(TERMINAL_STATUSES.map((status) => given({ status })));

    const answers = [
      ...(await Promise.all(ended.map(({ dispatchId }) => store.requestCancel(dispatchId, NOW)))),
      await store.requestCancel(ulid(), NOW),
    ];

    expect(answers).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it('enters COMPLETING from RUNNING, and stays there', async () => {
    const records = await Promise.all(DISPATCH_STATUSES.map((status) => given({ status })));

    const entered = await Promise.all(
      records.map((record) => store.beginCompleting(record, { status: 'FAILED' }, NOW)),
    );

    expect(DISPATCH_STATUSES.filter((_, index) => entered[index])).toEqual(['RUNNING', 'COMPLETING']);
  });

  it.each<[DispatchStatus, boolean, boolean]>([
    ['PENDING', false, true],
    ['PROVISIONING', false, true],
    ['RUNNING', false, true],
    ['COMPLETING', true, true],
    ['SUCCESS', false, false],
    ['FAILED', false, false],
  ])('from %s, ends as SUCCESS: %s, as FAILED: %s', async (status, success, failed) => {
    const [one, other] = [await given({ status }), await given({ status })];
    const writer = { writer: 'settle', endedAt: NOW } as const;

    const ended = [
      await store.end(one, { status: 'SUCCESS' }, writer),
      await store.end(other, { status: 'FAILED', reason: 'x' }, writer),
    ];

    expect(ended).toEqual([success, failed]);
  });

  it('ends an attempt once, and tells the writer that did so the same on a retry', async () => {
    const record = await given({ status: 'COMPLETING' });
    const output = { outputKey: 'dispatches/x/1/', fileCount: 1, totalBytes: 2 };
    const usage = { inputTokens: 48_120, outputTokens: 1_930, costUsd: 0.0712, turns: 6, model: 'm' };
    const outcome = { status: 'SUCCESS', exitCode: 0, stoppedAt: NOW, output, usage } as const;

    const ended = await Promise.all([
      store.end(record, outcome, { writer: 'record-outcome', endedAt: NOW }),
      store.end(record, { status: 'FAILED', reason: 'x' }, { writer: 'settle', endedAt: NOW }),
    ]);
    const retried = await store.end(record, outcome, { writer: 'record-outcome', endedAt: LATER });

    expect(ended.filter(Boolean)).toHaveLength(1);
    expect(retried).toBe(ended[0]);
    expect((await store.get(record.dispatchId))?.endedAt).toBe(NOW);
  });

  it.each([
    ['FAILED', false],
    ['TIMEOUT', false],
    ['CANCELLED', true],
    ['SUCCESS', true],
  ] as const)('lets an attempt that was cancelled end as %s: %s', async (status, expected) => {
    const record = await given({ status: 'COMPLETING', taskArn: TASK_ARN, startedAt: NOW, cancelRequestedAt: NOW });

    const ended = await store.end(record, { status, taskArn: TASK_ARN }, { writer: 'settle', endedAt: LATER });

    expect(ended).toBe(expected);
    expect((await store.get(record.dispatchId))?.status).toBe(expected ? status : 'COMPLETING');
  });

  it('ends nothing that an ECS task runs which the outcome does not know of', async () => {
    const record = await given({ status: 'RUNNING', taskArn: TASK_ARN, startedAt: NOW });
    const writer = { writer: 'record-outcome', endedAt: NOW } as const;

    const unknown = { status: 'FAILED', reason: 'no capacity' } as const;
    const another = { ...unknown, taskArn: `${TASK_ARN}-2` };
    const refused = [
      await store.beginCompleting(record, unknown, NOW),
      await store.end(record, unknown, writer),
      await store.end(record, another, writer),
    ];
    const ended = await store.end(record, { ...unknown, taskArn: TASK_ARN }, writer);

    expect({ refused, ended }).toEqual({ refused: [false, false, false], ended: true });
  });

  it('ends nothing of a later attempt', async () => {
    const record = await given({ status: 'RUNNING', attempt: 2 });

    const ended = await store.end(
      { ...record, attempt: 1 },
      { status: 'FAILED' },
      { writer: 'record-outcome', endedAt: NOW },
    );

    expect(ended).toBe(false);
    expect(await store.get(record.dispatchId)).toEqual(record);
  });

  it('finds the dispatches of a status by when they were posted, page after page', async () => {
    const taskPreview = 'x'.repeat(200_000);
    const posted = (createdAt: string, status: DispatchStatus = 'COMPLETING') =>
      given({ status, createdAt, taskPreview });
    await posted('2027-01-01T00:00:00.000Z');
    const wanted = [];
    for (let second = 1; second <= 8; second++) wanted.push(await posted(`2027-01-01T00:00:0${second}.000Z`));
    await posted('2027-01-01T00:00:05.000Z', 'TIMEOUT');

    const found = await store.postedSince('COMPLETING', '2027-01-01T00:00:01.000Z');

    expect(found).toEqual(wanted);
  });

  it('notes once that the end was published', async () => {
    const record = await given({ status: 'FAILED' });

    const noted = await Promise.all([store.markPublished(record, NOW), store.markPublished(record, NOW)]);

    expect(noted.toSorted()).toEqual([false, true]);
  });
}
