import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDbInTest, openDynamoDb, requestOf } from './dynamodb-in-test.ts';

const key = { id: { S: 'a' } };
const item = { ...key, s: { S: 'x' }, n: { N: '1' }, m: { M: { list: { L: [{ S: 'x' }] } } }, set: { SS: ['a', 'b'] } };
const requests: Readonly<Record<string, object>> = {
  PutItem: {
    TableName: 'table',
    Item: item,
    ConditionExpression: 'attribute_not_exists(id) OR n > :n',
    ExpressionAttributeValues: { ':n': { N: '0' } },
  },
  GetItem: { TableName: 'table', Key: key, ProjectionExpression: 'id, m.list[0]', ConsistentRead: true },
  UpdateItem: {
    TableName: 'table',
    Key: key,
    UpdateExpression: 'SET #s = :s, n = n + :n, l = list_append(if_not_exists(l, :l), :l) ADD tags :set REMOVE x',
    ConditionExpression: 'size(tags) < :n OR contains(tags, :s) OR begins_with(id, :s)',
    ExpressionAttributeNames: { '#s': 's' },
    ExpressionAttributeValues: { ':s': { S: 'y' }, ':n': { N: '9' }, ':set': { SS: ['c'] }, ':l': { L: [] } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
  Query: {
    TableName: 'table',
    KeyConditionExpression: '#id = :id',
    FilterExpression: 'n BETWEEN :id AND :b',
    ExpressionAttributeNames: { '#id': 'id' },
    ExpressionAttributeValues: { ':id': { S: 'a' }, ':b': { N: '9' } },
    ExclusiveStartKey: key,
    Limit: 10,
  },
  DeleteItem: {
    TableName: 'table',
    Key: key,
    ConditionExpression: 'attribute_type(n, :t)',
    ExpressionAttributeValues: { ':t': { S: 'N' } },
    ReturnValues: 'ALL_OLD',
  },
  Scan: { TableName: 'table', Segment: 0, TotalSegments: 2, Select: 'COUNT' },
  BatchGetItem: { RequestItems: { table: { Keys: [key], ProjectionExpression: 'id' } } },
  BatchWriteItem: {
    RequestItems: { table: [{ PutRequest: { Item: item } }, { DeleteRequest: { Key: { id: { S: 'q' } } } }] },
  },
};
const odd = [
  null,
  0,
  -1,
  1e99,
  '',
  ':',
  'SET a =',
  'size(',
  '__proto__',
  [],
  {},
  [null],
  { S: 1 },
  { N: 'x' },
  { M: null },
  { M: { m: null } },
  { L: [null] },
  { SS: [] },
  { SS: [null] },
  { NS: ['1', null] },
  { BS: [null] },
];

const nullInSet = {
  operation: 'UpdateItem',
  place: ['ExpressionAttributeValues', ':set', 'SS'],
  value: [null],
};

let dynamoDb: DynamoDbInTest;

beforeAll(async () => {
  dynamoDb = await openDynamoDb();
  await dynamoDb.table({
    TableName: 'table',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
});
afterAll(() => dynamoDb.close());

describe('the embedded DynamoDB', () => {
  it('answers a request whatever stands in a place of it, and goes on', async () => {
    const anywhere = fc.constantFrom(...Object.keys(requests)).chain((operation) => {
      const places = placesIn(requests[operation]);
      return fc.record({
        operation: fc.constant(operation),
        place: fc.constantFrom(...places),
        value: fc.constantFrom(...odd),
      });
    });

    await fc.assert(
      fc.asyncProperty(anywhere, async ({ operation, place, value }) => {
        const body = JSON.stringify(replaced(requests[operation], place, value));
        const { status } = await dynamoDb.service.handle(requestOf(operation, body));
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 300, examples: [[nullInSet]] },
    );

    expect(dynamoDb.log.filter((line) => line.startsWith('dynalite'))).toEqual([]);
  });
});

type Place = readonly string[];

function placesIn(value: unknown, at: Place = []): Place[] {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [...(at.length > 0 ? [at] : []), ...inside.flatMap(([name, member]) => placesIn(member, [...at, name]))];
}

function replaced(whole: unknown, [name, ...rest]: Place, value: unknown): unknown {
  if (name === undefined) return value;
  if (Array.isArray(whole)) return whole.map((item, n) => (String(n) === name ? replaced(item, rest, value) : item));
  const members = Object.entries(Object(whole));
  return Object.fromEntries(members.map(([key, item]) => [key, key === name ? replaced(item, rest, value) : item]));
}
