import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException, DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { type ContractTable, contractTable, failureOf, type Item, REFUSED } from './contract-table.ts';
import { describeValues } from './value-contract.ts';

const RACERS = 24;
const absent = 'attribute_not_exists(id)';

/** What the stores take for granted of any DynamoDB: conditions, numbers, sets and indexes, at their edges. */
export function describeDynamoDb(client: () => DynamoDBClient): void {
  describe('conditions', () => describeConditions(contractTable(client)));
  describe('values', () => describeValues(contractTable(client)));
  describe('an index', () => describeIndex(contractTable(client)));
}

function describeConditions({ keyOf, send, put, update, get }: ContractTable): void {
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

    const failures = await Promise.all(
      racers.map((racer) => failureOf(put(id, { racer: { S: racer } }, { ConditionExpression: absent }))),
    );
    await Promise.all(racers.map(() => update(id, 'ADD n :one', { ':one': { N: '1' } })));

    const winner = racers.find((_, index) => failures[index] === undefined) ?? '';
    expect(failures.filter(Boolean)).toHaveLength(RACERS - 1);
    expect(await get(id)).toEqual({ id: { S: id }, racer: { S: winner }, n: { N: `${RACERS}` } });
  });
}

function describeIndex({ keyOf, send, put, update, query, idsWith }: ContractTable): void {
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

    const found = (await Promise.all(['START', ...states].map((name) => query(name)))).flatMap(
      ({ Items = [] }) => Items,
    );
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
