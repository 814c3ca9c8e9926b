import { randomUUID } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { type ContractTable, failureOf, REFUSED } from './contract-table.ts';

const MEMBERS = 24;
const DIGITS_38 = '9'.repeat(38);

/** What values a DynamoDB holds, and how. */
export function describeValues({ put, update, get }: ContractTable): void {
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
    const names = Array.from({ length: MEMBERS }, (_, index) => `member-${index}`);
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
