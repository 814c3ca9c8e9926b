import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DispatchRecord, expiresAt, MAX_ATTEMPTS } from '../../core/dispatch-record.ts';
import type { DispatchEnded, DispatchRequested } from '../../core/events.ts';
import type { ExecutionInput } from '../../core/workflow.ts';
import { NoPlaceLeft, replay } from '../../lambdas/replay/replay.ts';
import { ReplayEvent, replayOf } from '../../lambdas/replay/replay-event.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { TenantStore } from '../../lambdas/shared/tenant-store.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { loseAnswers } from './interfere.ts';
import { aRecord, NOW, TASK_ARN } from './records.ts';
import { createDispatchesTable, createTable } from './tables.ts';

const ENDED: Partial<DispatchRecord> = { status: 'FAILED', reason: 'no luck', endedAt: NOW, publishedAt: NOW };

let database: DynamoDbInTest;
let dispatches: DispatchStore;
let tenants: TenantStore;

beforeAll(async () => {
  database = await openDynamoDb();
  const documents = documentClient(database.client);
  dispatches = new DispatchStore(documents, await createDispatchesTable(database.client));
  tenants = new TenantStore(documents, await createTable(database.client, 'tenantId'));
});
afterAll(() => database.close());

/** One dispatch of a tenant of its own in the real stores, and what replaying it does to the rest of the world. */
async function aWorld(fields: Partial<DispatchRecord> = ENDED, tenant: { status?: 'SUSPENDED'; places?: number } = {}) {
  const { status = 'ACTIVE', places = 1 } = tenant;
  const record = aRecord({ dispatchId: ulid(), tenantId: ulid().toLowerCase(), ...fields });
  await dispatches.create(record);
  await tenants.create({ tenantId: record.tenantId, status, maxConcurrent: places, createdAt: NOW });
  const did = {
    answers: [] as string[],
    requested: [] as DispatchRequested[],
    ended: [] as DispatchEnded[],
    started: [] as ExecutionInput[],
  };
  const collaborators: Parameters<typeof replay>[0] = {
    dispatches,
    tenants,
    specs: { refreshSpec: async () => true },
    executions: { start: async (input) => void did.started.push(input) },
    events: {
      requested: async (event) => void did.requested.push(event),
      ended: async (event) => void did.ended.push(event),
    },
    metrics: { ended: () => undefined, settled: () => undefined },
    counts: { answered: (answer) => void did.answers.push(answer) },
    now: () => new Date(NOW),
  };
  return { record, did, collaborators, now: () => dispatches.get(record.dispatchId) };
}

const asked = ({ dispatchId, attempt }: DispatchRecord, eventId = 'operator-1') => ({
  'detail-type': 'Dispatch Replay Requested',
  detail: { version: '1', eventId, dispatchId, attempt },
});
const archived = ({ dispatchId, attempt, tenantId }: DispatchRecord, name: string) => ({
  'detail-type': 'Dispatch Requested',
  'replay-name': name,
  detail: {
    version: '1',
    eventId: `${dispatchId}-${attempt}-requested`,
    dispatchId,
    attempt,
    tenantId,
    agent: 'shell',
    requestedAt: NOW,
  },
});
const handle = (collaborators: Parameters<typeof replay>[0], event: unknown) =>
  replay(collaborators, replayOf(ReplayEvent.parse(event)));

/** Whether the tenant has a place left for another attempt. */
const hasPlaceLeft = async ({ tenantId }: DispatchRecord, max = 1) => {
  const isFree = await tenants.takePlace(tenantId, 'another-1', max);
  if (isFree) await tenants.freePlace(tenantId, 'another-1');
  return isFree;
};

it('follows an attempt that has ended by the next, with nothing of the first left on the record', async () => {
  const { record, did, collaborators, now } = await aWorld({
    ...ENDED,
    taskArn: TASK_ARN,
    startedAt: NOW,
    stoppedAt: NOW,
    exitCode: 1,
    cancelRequestedAt: NOW,
    executionArn: 'arn:x',
    outcomeId: 'x',
    output: { outputKey: 'x', fileCount: 0, totalBytes: 0 },
  });

  await handle(collaborators, asked(record));

  const { dispatchId, tenantId, agent, taskPreview, timeoutSeconds, createdAt } = record;
  expect(await now()).toEqual({
    ...{ dispatchId, tenantId, agent, taskPreview, timeoutSeconds, createdAt },
    attempt: 2,
    status: 'PENDING',
    attemptedAt: NOW,
    updatedAt: NOW,
    replayKeys: new Set(['operator-1']),
    expiresAt: expiresAt(new Date(NOW)),
  });
  expect(did.started).toEqual([{ dispatchId, attempt: 2, tenantId, agent, timeoutSeconds }]);
  expect(did.requested).toMatchObject([{ eventId: `${dispatchId}-2-requested`, attempt: 2, requestedAt: NOW }]);
  expect(await hasPlaceLeft(record)).toBe(false);
});

it('replays a request that the archive brings again, once for each replay of the archive', async () => {
  const { record, did, collaborators, now } = await aWorld();

  await handle(collaborators, archived(record, 'after-the-outage'));
  await handle(collaborators, archived(record, 'after-the-outage'));
  const second = await now();
  await handle(collaborators, archived(record, 'another'));

  expect(did.answers).toEqual(['replayed', 'repeated', 'overtaken']);
  expect(second?.replayKeys).toEqual(new Set([`${record.dispatchId}-1-requested/after-the-outage`]));
  expect((await now())?.attempt).toBe(2);
});

it('takes a request without a replay name for none of its own', async () => {
  const { record, collaborators } = await aWorld();
  const { 'replay-name': _, ...live } = archived(record, 'x');

  expect(() => handle(collaborators, live)).toThrow('replay-name');
});

it('makes one attempt of a request that comes many times at once', async () => {
  const { record, did, collaborators, now } = await aWorld();

  await Promise.all(Array.from({ length: 6 }, () => handle(collaborators, asked(record))));

  expect((await now())?.attempt).toBe(2);
  expect(did.answers).toContain('replayed');
  expect(did.answers.filter((answer) => !['replayed', 'repeated'].includes(answer))).toEqual([]);
  expect(new Set(did.started.map(({ attempt }) => attempt))).toEqual(new Set([2]));
});

it('makes one attempt of many requests at once, and keeps its place', async () => {
  const { record, did, collaborators, now } = await aWorld();

  await Promise.all(Array.from({ length: 6 }, (_, index) => handle(collaborators, asked(record, `key-${index}`))));

  expect((await now())?.attempt).toBe(2);
  expect(did.answers.filter((answer) => answer === 'replayed')).toHaveLength(1);
  expect(did.started).toHaveLength(1);
  expect(await hasPlaceLeft(record)).toBe(false);
});

it('asks for nothing new where a request is delivered once more after its attempt has ended', async () => {
  const { record, did, collaborators, now } = await aWorld();
  await handle(collaborators, asked(record));
  await dispatches.end({ ...record, attempt: 2 }, { status: 'FAILED' }, { writer: 'settle', endedAt: NOW });

  await handle(collaborators, asked(record));

  expect(await now()).toMatchObject({ attempt: 2, status: 'FAILED' });
  expect(did.started).toHaveLength(1);
});

it('knows its own attempt where the answer of the write was lost', async () => {
  const { record, did, collaborators, now } = await aWorld();
  const lost = loseAnswers(database.client, 'UpdateItemCommand', 1, '#replayKeys');

  await handle(collaborators, asked(record));

  expect(lost.stop()).toBe(1);
  expect((await now())?.attempt).toBe(2);
  expect(did.started).toMatchObject([{ attempt: 2 }]);
});

it('starts at the next try what it could not start at the first', async () => {
  const { record, did, collaborators, now } = await aWorld();
  const failing = { start: async () => Promise.reject(new Error('Step Functions is away')) };

  await expect(handle({ ...collaborators, executions: failing }, asked(record))).rejects.toThrow('is away');
  await handle(collaborators, asked(record));

  expect((await now())?.attempt).toBe(2);
  expect(did.started).toMatchObject([{ attempt: 2 }]);
});

it.each<[string, Partial<DispatchRecord>, string, number?]>([
  ['that has had as many attempts as may be', { ...ENDED, attempt: MAX_ATTEMPTS }, 'too-many', MAX_ATTEMPTS],
  ['whose attempt lives', { status: 'RUNNING', taskArn: TASK_ARN, startedAt: NOW }, 'living'],
  ['that has a later attempt', { ...ENDED, attempt: 3 }, 'overtaken'],
])('does nothing to a dispatch %s', async (_, fields, answer, attempt = 1) => {
  const { record, did, collaborators, now } = await aWorld(fields);

  await handle(collaborators, asked({ ...record, attempt }));

  expect(did.answers).toEqual([answer]);
  expect(await now()).toEqual(record);
  expect(did.started).toEqual([]);
});

it('does nothing about a dispatch that has expired, or an attempt that never was', async () => {
  const { record, did, collaborators, now } = await aWorld();

  await handle(collaborators, asked({ ...record, attempt: 2 }));
  await handle(collaborators, asked({ ...record, dispatchId: ulid() }));
  await handle({ ...collaborators, specs: { refreshSpec: async () => false } }, asked(record));

  expect(did.answers).toEqual(['absent', 'absent', 'expired']);
  expect(await now()).toEqual(record);
  expect(await hasPlaceLeft(record)).toBe(true);
});

it('replays nothing for a tenant that is suspended', async () => {
  const { record, did, collaborators, now } = await aWorld(ENDED, { status: 'SUSPENDED' });

  await handle(collaborators, asked(record));

  expect(did.answers).toEqual(['suspended']);
  expect(await now()).toEqual(record);
});

it('fails where the tenant has no place left, so that it is tried again', async () => {
  const { record, collaborators, now } = await aWorld(ENDED, { places: 0 });

  await expect(handle(collaborators, asked(record))).rejects.toThrow(NoPlaceLeft);

  expect(await now()).toEqual(record);
});

it('announces the end of the attempt before, and gives its place to the next', async () => {
  const { publishedAt: _, ...unpublished } = ENDED;
  const { record, did, collaborators, now } = await aWorld({ ...unpublished, unpublished: 'yes' });
  await tenants.takePlace(record.tenantId, `${record.dispatchId}-1`, 1);

  await handle(collaborators, asked(record));

  expect(did.ended).toMatchObject([{ eventId: `${record.dispatchId}-1-ended`, status: 'FAILED', reason: 'no luck' }]);
  expect(await now()).toMatchObject({ attempt: 2, status: 'PENDING' });
  expect(await hasPlaceLeft(record)).toBe(false);
  expect(await hasPlaceLeft(record, 2)).toBe(true);
});

/** A replay that has read the attempt as ended, and takes its place when a faster one's attempt has ended as well. */
const overtakenBy = (collaborators: Parameters<typeof replay>[0], record: DispatchRecord, eventId: string) => ({
  ...collaborators,
  tenants: {
    get: (tenantId: string) => tenants.get(tenantId),
    freePlace: (tenantId: string, name: string) => tenants.freePlace(tenantId, name),
    takePlace: async (tenantId: string, name: string, max: number) => {
      await handle(collaborators, asked(record, eventId));
      await dispatches.end({ ...record, attempt: 2 }, { status: 'FAILED' }, { writer: 'settle', endedAt: NOW });
      await tenants.freePlace(tenantId, name);
      return tenants.takePlace(tenantId, name, max);
    },
  },
});

it.each([
  ['another replay', 'faster', 'overtaken'],
  ['the same one, delivered twice,', 'slower', 'replayed'],
])('gives back the place that it took for an attempt which %s made and which has ended', async (_, eventId, answer) => {
  const { record, did, collaborators } = await aWorld();

  await handle(overtakenBy(collaborators, record, eventId), asked(record, 'slower'));

  expect(did.answers).toEqual(['replayed', answer]);
  expect(did.started).toHaveLength(1);
  expect(await hasPlaceLeft(record)).toBe(true);
});
