import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDbInTest, openDynamoDb, requestOf } from './dynamodb-in-test.ts';

const byId = {
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const withIndex = {
  ...byId,
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'status', AttributeType: 'S' },
    { AttributeName: 'createdAt', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'status-createdAt-index',
      KeySchema: [
        { AttributeName: 'status', KeyType: 'HASH' },
        { AttributeName: 'createdAt', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
};

let dynamoDb: DynamoDbInTest;

beforeAll(async () => {
  dynamoDb = await openDynamoDb();
});
afterAll(() => dynamoDb.close());

describe('the embedded DynamoDB', () => {
  it('creates a table with its indexes, ready for use', async () => {
    const TableName = await dynamoDb.table({
      ...withIndex,
      TableName: 'ready',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
      Tags: [{ Key: 'a', Value: 'b' }],
    });

    const { Table } = await dynamoDb.client.send(new DescribeTableCommand({ TableName }));

    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/ready',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [{ IndexName: 'status-createdAt-index', IndexStatus: 'ACTIVE' }],
    });
  });

  it('creates the global table of one replica that TableV2 makes', async () => {
    const TableName = await dynamoDb.table(
      {
        ...withIndex,
        TableName: 'global',
        Replicas: [{ Region: 'us-east-1', GlobalSecondaryIndexes: [{ IndexName: 'status-createdAt-index' }] }],
      },
      'AWS::DynamoDB::GlobalTable',
    );

    const { Table } = await dynamoDb.client.send(new DescribeTableCommand({ TableName }));

    expect(Table?.TableStatus).toBe('ACTIVE');
  });

  it('makes up a name for a table without one, the same each time', async () => {
    const first = await dynamoDb.table(byId);
    const second = await dynamoDb.table(byId);

    expect(first).toMatch(/^Table-[0-9A-F]{12}$/);
    expect(second).toBe(first);
  });

  it.each<[string, object, RegExp]>([
    ['a stream', { ...byId, StreamSpecification: {} }, /StreamSpecification is not supported/],
    ['a misspelt property', { ...byId, KeySchemas: [] }, /KeySchemas is not supported/],
    [
      'an index on an attribute without a type',
      { ...withIndex, ...{ AttributeDefinitions: byId.AttributeDefinitions } },
      /status/,
    ],
    [
      'a type for an attribute that is no key',
      { ...byId, AttributeDefinitions: withIndex.AttributeDefinitions },
      /status, createdAt is not used/,
    ],
    ['TTL without an attribute', { ...byId, TimeToLiveSpecification: { Enabled: true } }, /TimeToLiveSpecification/],
  ])('refuses %s', async (_, properties, message) => {
    const creating = dynamoDb.table({ TableName: 'refused', ...properties });

    await expect(creating).rejects.toThrow(message);
  });

  it('refuses another shape for a table that is stored, and says how to start over', async () => {
    await dynamoDb.table({ ...byId, TableName: 'shaped' });

    const creating = dynamoDb.table({ ...withIndex, TableName: 'shaped' });

    await expect(creating).rejects.toThrow(/table shaped is stored with other keys or indexes.*delete .*dynamodb/);
  });

  it('takes the settings for TTL from the template and from UpdateTimeToLive', async () => {
    const TableName = await dynamoDb.table({
      ...byId,
      TableName: 'expiring',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    const describeIt = async () =>
      (await dynamoDb.client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;

    const before = await describeIt();
    const TimeToLiveSpecification = { AttributeName: 'expiresAt', Enabled: false };
    await dynamoDb.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));

    expect(before).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
    expect(await describeIt()).toEqual({ TimeToLiveStatus: 'DISABLED' });
  });

  it('says of transactions that it has none', async () => {
    const writing = dynamoDb.client.send(new TransactWriteItemsCommand({ TransactItems: [] }));

    await expect(writing).rejects.toThrow('TransactWriteItems is not available in the embedded DynamoDB.');
  });

  it('holds items of almost 400 KB, and 500 requests at once', async () => {
    const TableName = await dynamoDb.table({ ...byId, TableName: 'big' });
    const big = { S: 'x'.repeat(409_000) };
    await dynamoDb.client.send(new PutItemCommand({ TableName, Item: { id: { S: 'big' }, big } }));

    const numbers = Array.from({ length: 500 }, (_, n) => n);
    await Promise.all(
      numbers.map((n) => dynamoDb.client.send(new PutItemCommand({ TableName, Item: { id: { S: `${n}` } } }))),
    );
    const got = await dynamoDb.client.send(new GetItemCommand({ TableName, Key: { id: { S: 'big' } } }));

    expect(got.Item?.big?.S).toHaveLength(409_000);
  });

  it.each(['null', '[]', '"text"', '{', '{"TableName":{}}', '{"TableName":"big","Key":null}'])(
    'answers the body %s with an error, and the next request as ever',
    async (body) => {
      const TableName = await dynamoDb.table({ ...byId, TableName: 'big' });

      const answer = await dynamoDb.service.handle(requestOf('GetItem', body));

      const next = await dynamoDb.client.send(new DescribeTableCommand({ TableName }));
      expect([400, 500]).toContain(answer.status);
      expect(next.Table?.TableStatus).toBe('ACTIVE');
    },
  );
});
