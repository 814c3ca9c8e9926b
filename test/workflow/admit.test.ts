import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import { aRecord, NOW, TASK_ARN } from '../lambdas/records.ts';
import { createTable } from '../lambdas/tables.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { runStates, type TaskScript } from '../local/stepfunctions/engine-stand.ts';
import { stateMachine } from './state-machine-file.ts';

let database: DynamoDbInTest;
let table: string;
let dispatches: DispatchStore;

beforeAll(async () => {
  database = await openDynamoDb();
  table = await createTable(database.client, 'dispatchId');
  dispatches = new DispatchStore(documentClient(database.client), table);
});
afterAll(() => database.close());

/** The state `Admit` as it is deployed, with nothing behind it. */
function states(): object {
  const { Admit } = stateMachine('dispatch', { DispatchesTable: table }).States;
  return { Admit, ClaimWarmSlot: { Type: 'Succeed' }, MapStopReason: { Type: 'Succeed' } };
}

const updateItem: TaskScript = async (call) => {
  try {
    await database.client.send(new UpdateItemCommand(call.arguments.value as unknown as UpdateItemCommandInput));
    return {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) throw new StateError(`DynamoDB.${error.name}`, error.message);
    throw error;
  }
};

/** Which state comes after `Admit` for attempt 1 of a dispatch with this record, and the record as it is then. */
async function admit(fields: Partial<DispatchRecord>) {
  const record = aRecord({ ...fields, dispatchId: ulid() });
  await dispatches.create(record);
  const input = { dispatchId: record.dispatchId, attempt: 1, tenantId: 'acme', agent: 'shell', timeoutSeconds: 60 };
  const { events } = await runStates(states(), { input, tasks: { Admit: updateItem } });
  const entered = events.flatMap((event) => {
    const details = event['stateEnteredEventDetails'] as { name: string } | undefined;
    return details ? [details.name] : [];
  });
  return { next: entered.at(-1), before: record, after: await dispatches.get(record.dispatchId) };
}

it.each<[string, Partial<DispatchRecord>]>([
  ['that waits for it', { status: 'PENDING' }],
  ['that was admitted before, by an answer that was lost', { status: 'PROVISIONING' }],
  ['that runs again, and forgets where it ran', { status: 'PROVISIONING', taskArn: TASK_ARN, slotId: ulid() }],
])('admits an attempt %s', async (_, fields) => {
  const { next, after } = await admit(fields);

  expect(next).toBe('ClaimWarmSlot');
  expect(after).toMatchObject({ status: 'PROVISIONING', executionArn: expect.stringContaining(':execution:') });
  expect(after).not.toHaveProperty('taskArn');
  expect(after).not.toHaveProperty('slotId');
});

it.each<[string, Partial<DispatchRecord>]>([
  ['that was cancelled', { status: 'PENDING', cancelRequestedAt: NOW }],
  ['that is not current', { status: 'PENDING', attempt: 2 }],
  ['that a worker has begun', { status: 'RUNNING', taskArn: TASK_ARN }],
  ['whose output is collected', { status: 'COMPLETING', taskArn: TASK_ARN }],
  ['that has ended', { status: 'FAILED' }],
])('refuses an attempt %s, and leaves its record as it is', async (_, fields) => {
  const { next, before, after } = await admit(fields);

  expect(next).toBe('MapStopReason');
  expect(after).toEqual(before);
});
