import { expect, it } from 'vitest';
import { jsonPieces } from '../../worker/upload/json-pieces.ts';

function textOf(document: Parameters<typeof jsonPieces>[0]): string {
  return Buffer.concat([...jsonPieces(document)]).toString('utf8');
}

it.each([
  {},
  { version: 1, name: 'a"b\n', nothing: null, list: [{ deep: [] }] },
  { files: [], skipped: ['é', null, { path: '1' }], checkpoint: { takenAt: 'now', removed: [] } },
])('makes the document %j, whose lists come one by one', (document) => {
  const piecemeal = Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, Array.isArray(value) ? value.values() : value]),
  );

  expect(JSON.parse(textOf(piecemeal))).toEqual(document);
  expect(textOf(document)).toBe(`${JSON.stringify(document)}\n`);
});

it('leaves out what is undefined, as JSON does', () => {
  expect(textOf({ a: undefined, b: 1 })).toBe('{"b":1}\n');
});

it('never has the whole of a long list in memory', () => {
  const files = Array.from({ length: 10_000 }, (_, n) => ({ path: `${n}` }));

  const pieces = [...jsonPieces({ checkpoint: { removed: files.values() } })];

  expect(pieces.length).toBeGreaterThan(1);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
  expect(JSON.parse(Buffer.concat(pieces).toString('utf8'))).toEqual({ checkpoint: { removed: files } });
});
