import fc from 'fast-check';
import jsonata from 'jsonata';
import { expect, it } from 'vitest';
import { plainPathOf, walk } from '../../../local/stepfunctions/jsonata/plain-path.ts';

it.each([
  ['$states.input.id', ['states', 'input', 'id']],
  ['$x', ['x']],
  ['$states.`a b`', ['states', 'a b']],
])('takes %s for a plain path', (source, path) => {
  expect(plainPathOf(jsonata(source).ast())).toEqual(path);
});

it.each([
  '$',
  'id',
  '$x[0]',
  '$x.y[]',
  '$x{a: b}',
  '$x.*',
  '$x.$y',
  '$x.(y)',
  '$x + 1',
  '$x.y^(z)',
  '$x@$v.y',
  '$x.y.%',
  "'x'",
])('leaves %s to JSONata', (source) => {
  expect(plainPathOf(jsonata(source).ast())).toBeUndefined();
});

it('finds what JSONata finds, or nothing', async () => {
  const name = fc.constantFrom('a', 'b', 'constructor', 'length');
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, fc.jsonValue({ maxDepth: 1 }), fc.dictionary(name, tie('node'))),
  })).node;

  await fc.assert(
    fc.asyncProperty(fc.array(name, { maxLength: 3 }), value, async (names, x) => {
      const expression = jsonata(['$x', ...names].join('.'));
      const path = plainPathOf(expression.ast()) ?? [];

      const found = walk(path, { x });

      if (found !== undefined) expect(found).toEqual(await expression.evaluate(undefined, { x }));
    }),
    { numRuns: 300 },
  );
});
