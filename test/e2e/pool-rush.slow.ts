import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { bootHarness, type Harness, processesMentioning } from './harness.ts';
import { lookIntoPool } from './pool-look.ts';

/** `RUSH_SLOTS=20 npm run test:slow -- pool-rush` is the whole rush: 200 dispatches. */
const SLOTS = Number(process.env['RUSH_SLOTS'] ?? 4);
const DISPATCHES = 10 * SLOTS;
const CLIENTS = 4;

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

  const ids = (await Promise.all(Array.from({ length: CLIENTS }, submitShare))).flat();
  const ended = await Promise.all(ids.map((id) => harness.ended(id, 280_000)));

  expect(ended.filter(({ status }) => status !== 'success')).toEqual([]);
  expect(ended.filter(({ output }) => output?.fileCount !== 1)).toEqual([]);
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

/** What one client submits, one after the other: this machine has four threads for the API's function. */
async function submitShare(): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < DISPATCHES / CLIENTS; index += 1) ids.push(await harness.shell(`echo ${index} >> began`));
  return ids;
}
