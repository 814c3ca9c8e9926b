import { describe, expect, it } from 'vitest';
import { compilePattern, EventPatternError } from '../../../local/events/event-pattern.ts';

const EVENT = {
  source: 'outpost.api',
  'detail-type': 'Dispatch Ended',
  resources: ['arn:one', 'arn:two'],
  detail: {
    status: 'FAILED',
    exitCode: 3,
    flag: true,
    nothing: null,
    path: '/usr/lib/file*1.png',
    ip: '10.0.3.7',
    ip6: '2001:db8::1',
    empty: '',
    none: [],
    containers: [
      { name: 'worker', exitCode: 3 },
      { name: 'sidecar', exitCode: 0 },
    ],
    nested: { deep: { er: 'x' } },
  },
};

describe('an event pattern', () => {
  it.each([
    ['an exact value', { source: ['outpost.api'] }, true],
    ['another value', { source: ['outpost'] }, false],
    ['one of several values', { detail: { status: ['TIMEOUT', 'FAILED'] } }, true],
    ['all fields', { source: ['outpost.api'], detail: { status: ['SUCCESS'] } }, false],
    ['a number', { detail: { exitCode: [3] } }, true],
    ['a number, not its text', { detail: { exitCode: ['3'] } }, false],
    ['a truth value', { detail: { flag: [true] } }, true],
    ['null', { detail: { nothing: [null] } }, true],
    ['null, not a missing field', { detail: { missing: [null] } }, false],
    ['the empty text', { detail: { empty: [''] } }, true],
    ['one element of a list', { resources: ['arn:two'] }, true],
    ['no element of a list', { resources: ['arn:three'] }, false],
    ['an element of a list of objects', { detail: { containers: { name: ['sidecar'] } } }, true],
    ['the same element in all fields', { detail: { containers: { name: ['worker'], exitCode: [3] } } }, true],
    ['fields of different elements', { detail: { containers: { name: ['sidecar'], exitCode: [3] } } }, false],
    ['a field below a text', { source: { below: ['x'] } }, false],
    ['a name of Object.prototype', { detail: { constructor: [{ exists: true }] } }, false],
  ])('matches by %s', (_what, pattern, expected) => {
    expect(compilePattern(pattern)(EVENT)).toBe(expected);
  });

  it.each([
    ['prefix', 'source', { prefix: 'outpost.' }, true],
    ['prefix', 'source', { prefix: 'OUTPOST.' }, false],
    ['prefix whatever its case', 'source', { prefix: { 'equals-ignore-case': 'OUTPOST.' } }, true],
    ['suffix', 'path', { suffix: '.png' }, true],
    ['suffix whatever its case', 'path', { suffix: { 'equals-ignore-case': '.PNG' } }, true],
    ['suffix', 'path', { suffix: '.jpg' }, false],
    ['equals-ignore-case', 'status', { 'equals-ignore-case': 'failed' }, true],
    ['equals-ignore-case', 'status', { 'equals-ignore-case': 'fail' }, false],
    ['wildcard', 'path', { wildcard: '/usr/*/file*.png' }, true],
    ['wildcard with a star itself', 'path', { wildcard: '*file\\*1.png' }, true],
    ['wildcard with a star itself', 'status', { wildcard: 'F\\*D' }, false],
    ['wildcard', 'path', { wildcard: 'usr*' }, false],
    ['anything-but', 'status', { 'anything-but': 'SUCCESS' }, true],
    ['anything-but', 'status', { 'anything-but': ['SUCCESS', 'FAILED'] }, false],
    ['anything-but a number', 'exitCode', { 'anything-but': [0, 1] }, true],
    ['anything-but, of a missing field', 'missing', { 'anything-but': 'x' }, false],
    ['anything-but a prefix', 'status', { 'anything-but': { prefix: 'FA' } }, false],
    ['anything-but several prefixes', 'status', { 'anything-but': { prefix: ['S', 'T'] } }, true],
    ['anything-but a suffix', 'path', { 'anything-but': { suffix: '.png' } }, false],
    ['anything-but whatever its case', 'status', { 'anything-but': { 'equals-ignore-case': ['failed'] } }, false],
    ['anything-but a wildcard', 'path', { 'anything-but': { wildcard: '*/lib/*' } }, false],
    ['numeric =', 'exitCode', { numeric: ['=', 3] }, true],
    ['numeric range', 'exitCode', { numeric: ['>', 0, '<=', 3] }, true],
    ['numeric range', 'exitCode', { numeric: ['>', 3, '<', 5] }, false],
    ['numeric, of a text', 'status', { numeric: ['>=', 0] }, false],
    ['exists', 'status', { exists: true }, true],
    ['exists, of null', 'nothing', { exists: true }, true],
    ['exists, of what is missing', 'missing', { exists: true }, false],
    ['exists, of an empty list', 'none', { exists: false }, true],
    ['exists, of an object: only leaves exist', 'nested', { exists: true }, false],
    ['not exists', 'missing', { exists: false }, true],
    ['not exists', 'status', { exists: false }, false],
    ['cidr', 'ip', { cidr: '10.0.0.0/22' }, true],
    ['cidr', 'ip', { cidr: '10.0.0.0/24' }, false],
    ['cidr of version 6', 'ip6', { cidr: '2001:db8::/32' }, true],
    ['cidr, of a text', 'status', { cidr: '10.0.0.0/8' }, false],
  ])('knows %s: %s %j is %j', (_what, field, operator, expected) => {
    const name = field === 'source' ? 'source' : undefined;

    const matches = compilePattern(name ? { [name]: [operator] } : { detail: { [field]: [operator] } });

    expect(matches(EVENT)).toBe(expected);
  });

  it.each([
    ['the first alternative', [{ source: ['outpost.api'] }, { detail: { exitCode: [9] } }], true],
    ['the second alternative', [{ source: ['x'] }, { detail: { exitCode: [{ numeric: ['<', 9] }] } }], true],
    ['no alternative', [{ source: ['x'] }, { detail: { exitCode: [9] } }], false],
  ])('with $or matches by %s', (_what, $or, expected) => {
    expect(compilePattern({ $or, 'detail-type': ['Dispatch Ended'] })(EVENT)).toBe(expected);
  });

  it('matches a missing parent where only missing fields are wanted', () => {
    const matches = compilePattern({ detail: { error: { code: [{ exists: false }] } } });

    expect([matches(EVENT), matches({}), matches({ detail: { error: { code: 1 } } })]).toEqual([true, true, false]);
  });

  it.each([
    ['text', { source: 'outpost' }, /'source'/],
    ['an empty list', { detail: { status: [] } }, /'detail.status': an empty list/],
    ['an empty object', { detail: {} }, /'detail': an empty object/],
    ['no object', [], /\(root\)/],
    ['an operator that does not exist', { source: [{ contains: 'x' }] }, /'source': the operator 'contains'/],
    ['two operators in one', { source: [{ prefix: 'x', suffix: 'y' }] }, /one operator each/],
    ['a comparison that does not exist', { detail: { exitCode: [{ numeric: ['!=', 1] }] } }, /'!='/],
    ['a number that is none', { detail: { exitCode: [{ numeric: ['=', '1'] }] } }, /takes numbers/],
    ['half a comparison', { detail: { exitCode: [{ numeric: ['='] }] } }, /pairs/],
    ['a block that is none', { detail: { ip: [{ cidr: '10.0.0/8' }] } }, /'cidr' takes/],
    ['a block of too many bits', { detail: { ip: [{ cidr: '10.0.0.0/33' }] } }, /'cidr' takes/],
    ['two stars in a row', { source: [{ wildcard: 'a**b' }] }, /two '\*' in a row/],
    ['a loose backslash', { source: [{ wildcard: 'a\\b' }] }, /backslash/],
    ['exists of a text', { source: [{ exists: 'yes' }] }, /true or false/],
    ['a prefix that is a number', { source: [{ prefix: 1 }] }, /'prefix' takes a string/],
    ['anything but an object', { source: [{ 'anything-but': [{ prefix: 'x' }] }] }, /strings or numbers/],
  ])('is refused for %s', (_what, pattern, message) => {
    const compile = () => compilePattern(pattern);

    expect(compile).toThrow(EventPatternError);
    expect(compile).toThrow(message);
  });
});
