import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { bootHarness, eventually, type Harness, processesMentioning } from './harness.ts';
import { lookIntoPool } from './pool-look.ts';

const SLOTS = 20;
const DISPATCHES = 200;

let harness: Harness;

beforeAll(async () => {
  harness = await bootHarness({ pool: `shell=${SLOTS}-${SLOTS}` });
});

afterAll(async () => {
  await harness?.close();
});

it(`serves ${DISPATCHES} dispatches at once on ${SLOTS} slots, each once, no slot twice, and the rest cold`, async () => {
  const pool = lookIntoPool(harness.outpost);
  const documents = documentClient(new DynamoDBClient(harness.outpost.aws.operator));
  await documents.send(
    new UpdateCommand({
      TableName: harness.outpost.aws.output('TenantsTable'),
      Key: { tenantId: harness.outpost.connection.tenantId },
      UpdateExpression: 'SET maxConcurrent = :max',
      ExpressionAttributeValues: { ':max': DISPATCHES },
    }),
  );
  await pool.warm(SLOTS, 120_000);

  const ids = await Promise.all(Array.from({ length: DISPATCHES }, (_, index) => submit(index)));
  const ended = await Promise.all(ids.map((id) => harness.ended(id, 280_000)));

  expect(ended.map(({ status, output }) => ({ status, files: output?.fileCount }))).toEqual(
    ids.map(() => ({ status: 'success', files: 1 })),
  );
  const { Items = [] } = await documents.send(
    new ScanCommand({ TableName: 'outpost-dispatches', ConsistentRead: true }),
  );
  const slots = Items.flatMap(({ slotId }) => (slotId === undefined ? [] : [slotId]));
  const tasks = Items.map(({ taskArn }) => taskArn);
  expect(new Set(slots).size).toBe(slots.length);
  expect(slots.length).toBeGreaterThanOrEqual(SLOTS);
  expect(new Set(tasks).size).toBe(DISPATCHES);
  await pool.warm(SLOTS, 120_000);
  expect(ids.flatMap((id) => processesMentioning(`${id}-1`))).toEqual([]);
  console.log(`${slots.length} of ${DISPATCHES} dispatches were served warm`);
}, 420_000);

/** As a client does: where the API is busy, the same request again, under the same key. */
async function submit(index: number): Promise<string> {
  const task = { agent: 'shell', task: `echo ${index} >> began` };
  const accepted = await eventually(
    () => harness.call('POST', '/dispatch', task, { 'idempotency-key': `rush-${index}` }),
    ({ status }) => status === 202,
    120_000,
  );
  return accepted.body.data.dispatchId;
}
