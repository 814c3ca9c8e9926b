import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttributeValue,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Dynalite } from '../../../local/dynamodb/dynalite.ts';
import { type DynamoDbInTest, dynaliteProcesses, killDynalite, openDynamoDb } from './dynamodb-in-test.ts';

const INDEX = 'status-index';
const properties = {
  TableName: 'kept',
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'status', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [
    {
      IndexName: INDEX,
      KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
};

const put = (id: string) =>
  new PutItemCommand({ TableName: 'kept', Item: { id: { S: id }, status: { S: 'PENDING' } } });
const run = (id: string) =>
  new UpdateItemCommand({
    TableName: 'kept',
    Key: { id: { S: id } },
    UpdateExpression: 'SET #status = :running',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':running': { S: 'RUNNING' } },
  });
const withStatus = (status: string) =>
  new QueryCommand({
    TableName: 'kept',
    IndexName: INDEX,
    KeyConditionExpression: '#status = :status',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':status': { S: status } },
  });
const ids = (items: Record<string, AttributeValue>[] | undefined) => (items ?? []).map(({ id }) => id?.S).sort();

describe('the data of the embedded DynamoDB', () => {
  let dynamoDb: DynamoDbInTest;

  beforeEach(async () => {
    dynamoDb = await openDynamoDb();
    await dynamoDb.table(properties);
  });
  afterEach(() => dynamoDb.close());

  it('keeps all that was acknowledged, and its indexes in step, when its process dies under a load', async () => {
    const all = Array.from({ length: 300 }, (_, n) => `${n}`);
    let written = 0;
    const write = async (id: string) => {
      await dynamoDb.client.send(put(id));
      await dynamoDb.client.send(run(id));
      written += 1;
      if (written === 50 || written === 150) killDynalite(dynamoDb.folder);
    };

    await Promise.all(all.map(write));

    const items = await dynamoDb.client.send(new ScanCommand({ TableName: 'kept' }));
    const running = await dynamoDb.client.send(withStatus('RUNNING'));
    const pending = await dynamoDb.client.send(withStatus('PENDING'));
    expect(dynamoDb.log).toContain('dynalite ended (SIGKILL) and is started again with its data');
    expect(ids(items.Items)).toEqual(all.toSorted());
    expect(ids(running.Items)).toEqual(all.toSorted());
    expect(pending.Items).toEqual([]);
  });

  it('is there after a restart, whose template finds its table again', async () => {
    await dynamoDb.client.send(put('a'));

    dynamoDb = await dynamoDb.restart();
    await dynamoDb.table(properties);

    const { Items } = await dynamoDb.client.send(withStatus('PENDING'));
    expect(Items).toEqual([{ id: { S: 'a' }, status: { S: 'PENDING' } }]);
  });
});

describe('the process of the embedded DynamoDB', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outpost-dynalite-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is gone when it has been closed', async () => {
    const dynalite = new Dynalite(folder, () => {});
    await dynalite.start();

    await dynalite.close();

    expect(dynaliteProcesses(folder)).toEqual([]);
    await expect(dynalite.send('ListTables', Buffer.from('{}'))).rejects.toThrow('closed');
  });

  it('ends with its parent, even when that is killed', async () => {
    const entry = join(import.meta.dirname, 'hold-dynalite.ts');
    const parent = spawn(process.execPath, ['--import', 'tsx', entry, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    const before = dynaliteProcesses(folder);

    parent.kill('SIGKILL');

    await vi.waitFor(() => expect(dynaliteProcesses(folder)).toEqual([]), { timeout: 15_000 });
    expect(before).toHaveLength(1);
  });

  it('waits for one of before that has not ended yet', async () => {
    const [before, after] = [new Dynalite(folder, () => {}), new Dynalite(folder, () => {})];
    await before.start();

    const starting = after.start();
    await before.close();

    await expect(starting).resolves.toBeUndefined();
    await after.close();
  });

  it('that could not be started is started for the next request', async () => {
    const inTheWay = join(folder, 'data');
    writeFileSync(inTheWay, '');
    const dynalite = new Dynalite(inTheWay, () => {});

    const failing = dynalite.start();
    await expect(failing).rejects.toThrow('dynalite did not start: exit 1');
    rmSync(inTheWay);
    const { status } = await dynalite.send('ListTables', Buffer.from('{}'));

    await dynalite.close();
    expect(status).toBe(200);
  });
});
