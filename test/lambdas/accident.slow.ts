import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { type DispatchEnded, EcsTaskStateChange, type SettleRequest } from '../../core/events.ts';
import { attemptName } from '../../core/ids.ts';
import type { Outcome } from '../../core/outcome.ts';
import { type SettleCollaborators, settle } from '../../lambdas/settle/settle.ts';
import { readOrder } from '../../lambdas/settle/settle-event.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import type { ExecutionState } from '../../lambdas/shared/execution-state.ts';
import { recordOutcome } from '../../lambdas/shared/record-outcome.ts';
import { TenantStore } from '../../lambdas/shared/tenant-store.ts';
import { type TrackCollaborators, trackEcs } from '../../lambdas/track-ecs/track-ecs.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { loseAnswers } from './interfere.ts';
import { aRecord, NOW, TASK_ARN } from './records.ts';
import { createDispatchesTable, createTable } from './tables.ts';

const BEGUN = { status: 'RUNNING', taskArn: TASK_ARN, startedAt: NOW } as const;
const ABORTED: ExecutionState = { status: 'closed', endedAs: 'ABORTED', error: 'Execution.ABORTED', cause: '' };

let database: DynamoDbInTest;
let documents: DynamoDBDocumentClient;
let dispatches: DispatchStore;
let tenants: TenantStore;
let tenantsTable: string;

beforeAll(async () => {
  database = await openDynamoDb();
  documents = documentClient(database.client);
  dispatches = new DispatchStore(documents, await createDispatchesTable(database.client));
  tenantsTable = await createTable(database.client, 'tenantId');
  tenants = new TenantStore(documents, tenantsTable);
  await tenants.create({ tenantId: 'acme', status: 'ACTIVE', maxConcurrent: 1_000, createdAt: NOW });
});
afterAll(() => database.close());

/** An attempt with its place, and the functions that may end it, over the real stores; its ECS task has exited with 3. */
async function anAttempt(fields: Partial<DispatchRecord>, execution: ExecutionState) {
  const record = aRecord({ dispatchId: ulid(), ...fields });
  const name = attemptName(record);
  await dispatches.create(record);
  await tenants.takePlace('acme', name, 1_000);
  const events: DispatchEnded[] = [];
  const counted: string[] = [];
  const containers = [{ name: 'worker', exitCode: 3 }];
  const stop = { taskArn: TASK_ARN, stopCode: 'EssentialContainerExited', stoppedAt: NOW, containers };
  const ending: SettleCollaborators = {
    dispatches,
    tenants,
    artifacts: {
      getResult: async () => undefined,
      getManifest: async () => undefined,
      getCheckpoint: async () => undefined,
      putManifest: async () => true,
      head: async () => undefined,
    },
    events: { ended: async (event) => void events.push(event) },
    metrics: { ended: ({ status }) => void counted.push(status), settled: () => {} },
    pool: { newest: async () => [] },
    tasks: { describe: async () => ({ hasStopped: true, stop }), stop: async () => {} },
    now: () => new Date(NOW),
    wait: async () => {},
  };
  const executions = { describe: async () => execution };
  const settled = async (request: SettleRequest) => {
    const order = await readOrder(executions, request);
    return order && settle(ending, order.ref, order.execution);
  };
  const tracking: TrackCollaborators = {
    dispatches,
    executions,
    slotExecutions: { describe: async () => ({ status: 'absent' }) },
    pool: { get: async () => undefined, close: async () => undefined, stopHandedBack: async () => {} },
    callback: { succeed: async () => false },
    tasks: { stop: async () => {} },
    settler: {
      request: async ({ dispatchId, attempt }, why) => void (await settled({ settle: { dispatchId, attempt, why } })),
    },
    now: () => new Date(NOW),
  };
  const environment = Object.entries({ DISPATCH_ID: record.dispatchId, ATTEMPT: '1' });
  const { detail } = EcsTaskStateChange.parse({
    'detail-type': 'ECS Task State Change',
    detail: {
      ...stop,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      overrides: { containerOverrides: [{ environment: environment.map(([key, value]) => ({ name: key, value })) }] },
    },
  });
  return {
    record,
    events,
    counted,
    /** ECS tells that the ECS task has stopped. */
    stopped: () => trackEcs(tracking, detail),
    settled: () => settled({ settle: { dispatchId: record.dispatchId, attempt: 1, why: 'a test' } }),
    recorded: (outcome: Outcome) => recordOutcome(ending, record, outcome, 'record-outcome'),
    now: async () => dispatches.get(record.dispatchId),
    hasPlace: async () => {
      const { Item } = await documents.send(new GetCommand({ TableName: tenantsTable, Key: { tenantId: 'acme' } }));
      return Item?.['livingAttempts']?.has(name) === true;
    },
  };
}

describe('an ECS task that has stopped', () => {
  it.each<[string, Partial<DispatchRecord>]>([
    ['PENDING', {}],
    ['PROVISIONING', { status: 'PROVISIONING' }],
    ['RUNNING', BEGUN],
    ['COMPLETING', { ...BEGUN, status: 'COMPLETING' }],
  ])('while the record is %s and the execution is gone ends the attempt, once', async (_, fields) => {
    const attempt = await anAttempt(fields, ABORTED);

    const tracked = await Promise.all([attempt.stopped(), attempt.stopped()]);
    const late = await attempt.stopped();

    expect(tracked).toContain('settle requested');
    expect(late).toBe('nothing');
    expect(await attempt.now()).toMatchObject({ status: 'FAILED', publishedAt: NOW });
    expect(new Set(attempt.events.map(({ eventId }) => eventId)).size).toBe(1);
    expect([attempt.counted, await attempt.hasPlace()]).toEqual([['FAILED'], false]);
  });

  it('while the record is PENDING and the execution lives leaves the attempt to that', async () => {
    const attempt = await anAttempt({}, { status: 'running' });

    const tracked = await attempt.stopped();

    expect([tracked, await attempt.now()]).toEqual(['nothing', attempt.record]);
  });
});

describe('two outcomes that race', () => {
  const finished: Outcome = { status: 'SUCCESS', exitCode: 0, taskArn: TASK_ARN };

  it('end the attempt once, as one of them, and tell the same of it', async () => {
    const races = Array.from({ length: 12 }, () => anAttempt({ ...BEGUN, status: 'COMPLETING' }, ABORTED));

    for (const attempt of await Promise.all(races)) {
      const [settled, recorded] = await Promise.all([attempt.settled(), attempt.recorded(finished)]);

      const ended = await attempt.now();
      expect([settled?.status ?? ended?.status, recorded.status]).toEqual([ended?.status, ended?.status]);
      expect(attempt.events.map(({ status }) => status)).toEqual(attempt.events.map(() => ended?.status));
      expect([attempt.counted, await attempt.hasPlace()]).toEqual([[ended?.status], false]);
      expect(ended).toMatchObject({ publishedAt: NOW });
      expect(ended).not.toHaveProperty('unpublished');
    }
  });

  it('of one that comes later leave the first as it is', async () => {
    const attempt = await anAttempt({ ...BEGUN, status: 'COMPLETING' }, ABORTED);
    await attempt.recorded(finished);
    const before = await attempt.now();

    const settled = await attempt.settled();

    expect([settled, await attempt.now(), attempt.events.length]).toEqual([undefined, before, 1]);
  });
});

describe('a terminal write whose answer is lost', () => {
  it.each([
    ['to the SDK, which tries again', 1],
    ['to the function, which is called again', 8],
  ])('%s, is known again by its writer', async (_, answers) => {
    const attempt = await anAttempt({ ...BEGUN, status: 'COMPLETING' }, ABORTED);
    const outcome: Outcome = { status: 'SUCCESS', exitCode: 0, taskArn: TASK_ARN };
    const losing = loseAnswers(database.client, 'UpdateItemCommand', answers);

    const first = await attempt.recorded(outcome).catch((error: Error) => error.name);
    const lost = losing.stop();
    const again = await attempt.recorded({ ...outcome, status: 'FAILED', reason: 'x' });

    expect(lost).toBe(answers);
    expect([first, again.status]).toEqual([answers === 1 ? expect.anything() : 'TimeoutError', 'SUCCESS']);
    expect(await attempt.now()).toMatchObject({
      status: 'SUCCESS',
      outcomeId: `${attemptName(attempt.record)}:record-outcome`,
      publishedAt: NOW,
    });
    expect([attempt.counted, await attempt.hasPlace()]).toEqual([['SUCCESS'], false]);
  });
});
