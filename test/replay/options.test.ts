import { expect, it } from 'vitest';
import { endings, moment, rate } from '../../scripts/replay/options.ts';

const NOW = new Date('2026-03-02T12:00:00.000Z');

it.each([
  ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
  ['2026-03-01T12:00:00.5Z', '2026-03-01T12:00:00.500Z'],
  ['2026-03-01T12:00:00+02:00', '2026-03-01T10:00:00.000Z'],
  ['2026-03-01', '2026-03-01T00:00:00.000Z'],
  ['90m', '2026-03-02T10:30:00.000Z'],
  ['2h', '2026-03-02T10:00:00.000Z'],
  ['3d', '2026-02-27T12:00:00.000Z'],
  ['now', '2026-03-02T12:00:00.000Z'],
])('reads the time %s as %s', (text, time) => {
  expect(moment(NOW)(text)).toBe(time);
});

it.each(['', 'yesterday', '3', '3w', '-2h', '2026-13-01', '2026-02-30', '2026-03-01T12:00:00', '1e3d'])(
  'refuses the time %j, which is none or of no zone',
  (text) => {
    expect(() => moment(NOW)(text)).toThrow('It takes a time');
  },
);

it('knows the ways to end, each once and in any case', () => {
  expect(endings('timeout, FAILED,failed')).toEqual(['FAILED', 'TIMEOUT']);
});

it.each(['running', '', 'failed,', 'failed;timeout'])('refuses %j as a way to end', (text) => {
  expect(() => endings(text)).toThrow('is no way to end');
});

it.each(['0', '51', '-1', 'x', '1e1', ''])('refuses the rate %j', (text) => {
  expect(() => rate(text)).toThrow('from 0.1 to 50');
});
