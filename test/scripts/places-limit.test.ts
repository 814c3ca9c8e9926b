import { InvalidArgumentError } from 'commander';
import { expect, it } from 'vitest';
import { placesLimit } from '../../scripts/places-limit.ts';

it.each([
  ['0', 0],
  ['20', 20],
  ['2000', 2_000],
])('takes %s as the limit of a tenant', (text, limit) => {
  expect(placesLimit(text)).toBe(limit);
});

it.each(['2001', '999999', '1000000', '-1', '1.5', 'many', ''])('refuses %j, and says what it takes', (text) => {
  const taking = () => placesLimit(text);

  expect(taking).toThrow(InvalidArgumentError);
  expect(taking).toThrow('from 0 to 2000');
});
