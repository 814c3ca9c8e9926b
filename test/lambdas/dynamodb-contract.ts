import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';

type Item = Record<string, AttributeValue>;

const INDEX = 'status-at-index';
const RACERS = 24;
const DIGITS_38 = '9'.repeat(38);

/** What the stores take for granted of any DynamoDB: conditions, numbers, sets and indexes, at their edges. */
export function describeDynamoDb(client: () => DynamoDBClient): void {
  describe('conditions', () => describeConditions(table(client)));
  describe('values', () => describeValues(table(client)));
  describe('an index', () => describeIndex(table(client)));
}

/** A table by `id`, with an index by `status` and `at`. */
function table(client: () => DynamoDBClient) {
  const TableName = `contract-${randomUUID()}`;
  const keyOf = (id: string) => ({ TableName, Key: { id: { S: id } } });
  const query = (status: string, more: Partial<QueryCommandInput> = {}) =>
    client().send(
      new QueryCommand({
        TableName,
        IndexName: INDEX,
        KeyConditionExpression: '#status = :status',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':status': { S: status } },
        ...more,
      }),
    );
  beforeAll(() => createTable(client(), TableName));
  return {
    keyOf,
    query,
    send: <T>(act: (client: DynamoDBClient) => Promise<T>) => act(client()),
    put: (id: string, item: Item = {}, more = {}) =>
      client().send(new PutItemCommand({ TableName, Item: { id: { S: id }, ...item }, ...more })),
    update: (id: string, UpdateExpression: string, values?: Item, more: Partial<UpdateItemCommandInput> = {}) =>
      client().send(
        new UpdateItemCommand({
          ...keyOf(id),
          UpdateExpression,
          ...(values && { ExpressionAttributeValues: values }),
          ...more,
        }),
      ),
    get: async (id: string) => (await client().send(new GetItemCommand({ ...keyOf(id), ConsistentRead: true }))).Item,
    idsWith: async (status: string) => ((await query(status)).Items ?? []).map(({ id }) => id?.S),
  };
}
type Table = ReturnType<typeof table>;

async function createTable(client: DynamoDBClient, TableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: ['id', 'status', 'at'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: INDEX,
          KeySchema: [
            { AttributeName: 'status', KeyType: 'HASH' },
            { AttributeName: 'at', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 1 }, { TableName });
}

const failureOf = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => undefined,
    (error: unknown) => error,
  );
const absent = 'attribute_not_exists(id)';
const REFUSED = { name: 'ValidationException' };

function describeConditions({ keyOf, send, put, update, get }: Table): void {
  it.each(['ALL_OLD', 'NONE', undefined] as const)(
    'that fail return the item as it is where %s is asked for',
    async (ReturnValuesOnConditionCheckFailure) => {
      const id = randomUUID();
      await put(id, { n: { N: '1' }, set: { SS: ['a'] } });
      const item = await get(id);
      const more = {
        ConditionExpression: absent,
        ...(ReturnValuesOnConditionCheckFailure && { ReturnValuesOnConditionCheckFailure }),
      };

      const failures = [
        await failureOf(put(id, {}, more)),
        await failureOf(update(id, 'REMOVE n', undefined, more)),
        await failureOf(send((client) => client.send(new DeleteItemCommand({ ...keyOf(id), ...more })))),
      ];

      const expected = ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? item : undefined;
      for (const failure of failures) expect(failure).toBeInstanceOf(ConditionalCheckFailedException);
      expect(failures.map((failure) => (failure as ConditionalCheckFailedException).Item)).toEqual(
        failures.map(() => expected),
      );
      expect(await get(id)).toEqual(item);
    },
  );

  it('that fail on an item that is not there return none', async () => {
    const more = { ConditionExpression: 'attribute_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };

    const failure = await failureOf(put(randomUUID(), {}, more));

    expect(failure).toMatchObject({ name: 'ConditionalCheckFailedException', Item: undefined });
  });

  it.each(['size(nope) < :one', 'nope < :one', 'contains(nope, :one)', 'nope = :one', 'id < :one'])(
    'do not hold for what is missing or of another type: %s',
    async (ConditionExpression) => {
      const id = randomUUID();
      await put(id);

      const failure = await failureOf(update(id, 'SET n = :one', { ':one': { N: '1' } }, { ConditionExpression }));

      expect(failure).toBeInstanceOf(ConditionalCheckFailedException);
    },
  );

  it('let one of many through, and lose no count of theirs', async () => {
    const id = randomUUID();
    const racers = Array.from({ length: RACERS }, (_, index) => `${index}`);

    const failures = await Promise.all(racers.map((racer) => failureOf(put(id, { racer: { S: racer } }, { ConditionExpression: absent }))));
    await Promise.all(racers.map(() => update(id, 'ADD n :one', { ':one': { N: '1' } })));

    const winner = racers.find((_, index) => failures[index] === undefined) ?? '';
    expect(failures.filter(Boolean)).toHaveLength(RACERS - 1);
    expect(await get(id)).toEqual({ id: { S: id }, racer: { S: winner }, n: { N: `${RACERS}` } });
  });
}

function describeValues({ put, update, get }: Table): void {
  it.each([
    ['00012.50', '12.5'],
    ['1e5', '100000'],
    ['1E+3', '1000'],
    ['-0', '0'],
    [DIGITS_38, DIGITS_38],
    ['1e-130', `0.${'0'.repeat(129)}1`],
  ])('hold the number %s as %s', async (sent, stored) => {
    const id = randomUUID();

    await put(id, { n: { N: sent } });

    expect((await get(id))?.['n']).toEqual({ N: stored });
  });

  it.each(['abc', '', ' 1', '0x10', 'NaN', 'Infinity', '1_0', '1e126', '1e-131', `${DIGITS_38}9`])(
    'hold no number %j, in an item, a set, or an expression',
    async (N) => {
      const id = randomUUID();

      const failures = [
        await failureOf(put(id, { n: { N } })),
        await failureOf(put(id, { m: { M: { list: { L: [{ N }] } } } })),
        await failureOf(put(id, { n: { NS: ['1', N] } })),
        await failureOf(update(id, 'ADD n :n', { ':n': { N } })),
      ];

      expect(failures).toMatchObject([REFUSED, REFUSED, REFUSED, REFUSED]);
      expect(await get(id)).toBeUndefined();
    },
  );

  it.each([
    ['ADD n :n', '1', DIGITS_38.replace('9', '0.9')],
    ['SET n = n + :n', '9e125', '9e125'],
    ['SET m.n = n - :n', DIGITS_38, '0.1'],
  ])('stay as they are where the result of %s with %s and %s is out of range', async (expression, n, operand) => {
    const id = randomUUID();
    await put(id, { n: { N: n }, m: { M: {} } });
    const item = await get(id);

    const failure = await failureOf(update(id, expression, { ':n': { N: operand } }));

    expect(failure).toMatchObject(REFUSED);
    expect(await get(id)).toEqual(item);
  });

  it('of a set come and go, each once, and the last takes the attribute with it', async () => {
    const id = randomUUID();
    const names = Array.from({ length: RACERS }, (_, index) => `member-${index}`);
    const change = (verb: string, ...SS: string[]) => update(id, `${verb} members :set`, { ':set': { SS } });

    await Promise.all([...names, ...names].map((name) => change('ADD', name)));
    const full = (await get(id))?.['members']?.SS?.toSorted();
    await change('DELETE', 'nobody', ...names.slice(1));
    const last = await get(id);
    await change('DELETE', ...names);

    expect(full).toEqual(names.toSorted());
    expect(last).toEqual({ id: { S: id }, members: { SS: names.slice(0, 1) } });
    expect(await get(id)).toEqual({ id: { S: id } });
  });

  it.each<[string, AttributeValue]>([
    ['an empty set', { SS: [] }],
    ['a member twice', { SS: ['a', 'a'] }],
    ['a number twice', { NS: ['1', '1.0'] }],
    ['33 levels', nested(33)],
  ])('may not be %s', async (_, value) => {
    const id = randomUUID();

    const failure = await failureOf(put(id, { value }));

    expect(failure).toMatchObject(REFUSED);
    expect(await get(id)).toBeUndefined();
  });

  it('are of one kind: a number is no set', async () => {
    const id = randomUUID();
    await put(id, { n: { N: '1' } });

    const failure = await failureOf(update(id, 'ADD n :set', { ':set': { SS: ['a'] } }));

    expect(failure).toMatchObject(REFUSED);
  });

  it('are kept whatever they are, when they are no more than empty', async () => {
    const id = randomUUID();
    const item = { s: { S: '' }, l: { L: [] }, m: { M: {} }, z: { NULL: true }, f: { BOOL: false }, deep: nested(32) };

    await put(id, item);

    expect(await get(id)).toEqual({ id: { S: id }, ...item });
  });
}

/** A value of so many levels. */
function nested(levels: number): AttributeValue {
  let value: AttributeValue = { S: 'x' };
  for (let level = 1; level < levels; level += 1) value = { M: { a: value } };
  return value;
}

function describeIndex({ keyOf, send, put, update, query, idsWith }: Table): void {
  const status = (name: string, at: string) => ({ status: { S: name }, at: { S: at } });
  const names = { ExpressionAttributeNames: { '#status': 'status' } };

  it('follows its items: written, moved, replaced, deleted, and without its keys', async () => {
    for (const [n, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await put(id, status('FIRST', `${9 - n}`));
    await put('sparse', { status: { S: 'FIRST' } });
    const written = await idsWith('FIRST');

    await update('a', 'SET #status = :to', { ':to': { S: 'SECOND' } }, names);
    await update('b', 'REMOVE #status', undefined, names);
    await put('c', { other: { S: 'x' } });
    await send((client) => client.send(new DeleteItemCommand(keyOf('d'))));

    expect(written).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect([await idsWith('FIRST'), await idsWith('SECOND')]).toEqual([['e'], ['a']]);
  });

  it('stays as it is where a condition fails', async () => {
    await put('held', status('HELD', '1'));
    const more = { ...names, ConditionExpression: absent };

    await failureOf(update('held', 'SET #status = :to', { ':to': { S: 'ELSEWHERE' } }, more));

    expect([await idsWith('HELD'), await idsWith('ELSEWHERE')]).toEqual([['held'], []]);
  });

  it('holds an item once, under what the item says, after a race of writers', async () => {
    const states = Array.from({ length: RACERS }, (_, index) => `RACE-${index}`);
    await put('raced', status('START', '1'));

    await Promise.all(states.map((to) => update('raced', 'SET #status = :to', { ':to': { S: to } }, names)));

    const found = (await Promise.all(['START', ...states].map((name) => query(name)))).flatMap(({ Items = [] }) => Items);
    expect(found).toHaveLength(1);
    expect(states).toContain(found[0]?.['status']?.S);
  });

  it('is read in order, page by page, either way', async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `page-${index}`);
    await Promise.all(ids.map((id) => put(id, status('PAGED', id))));
    const read = async (ScanIndexForward: boolean) => {
      const found: (string | undefined)[] = [];
      let start: Item | undefined;
      do {
        const page = await query('PAGED', { Limit: 3, ScanIndexForward, ...(start && { ExclusiveStartKey: start }) });
        found.push(...(page.Items ?? []).map(({ id }) => id?.S));
        start = page.LastEvaluatedKey;
      } while (start);
      return found;
    };

    const [forward, backward] = [await read(true), await read(false)];

    expect(forward).toEqual(ids);
    expect(backward).toEqual(ids.toReversed());
  });

  it('takes no empty key, and no key of another type in a new item', async () => {
    await put('keyed', status('KEYED', '1'));

    const failures = [
      await failureOf(put('keyed', status('', '1'))),
      await failureOf(update('keyed', 'SET #status = :to', { ':to': { S: '' } }, names)),
      await failureOf(put('keyed', { status: { N: '1' } })),
    ];

    expect(failures).toMatchObject([REFUSED, REFUSED, REFUSED]);
    expect(await idsWith('KEYED')).toEqual(['keyed']);
  });
}
