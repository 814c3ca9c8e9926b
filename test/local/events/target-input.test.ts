import { describe, expect, it } from 'vitest';
import { envelope } from '../../../local/events/default-bus.ts';
import { compileInput } from '../../../local/events/target-input.ts';

const RULE = { name: 'my-rule', arn: 'arn:aws:events:us-east-1:000000000000:rule/my-rule' };
const EVENT = envelope(
  {
    id: 'e1',
    source: 'outpost.api',
    'detail-type': 'Dispatch Ended',
    detail: { id: 'd1', text: 'say "hi"\n', list: [{ n: 1 }, { n: 2 }] },
    time: '2026-11-21T10:00:00.500Z',
  },
  { region: 'us-east-1', accountId: '000000000000' },
);

describe('what a target gets', () => {
  it('is the whole event by default', () => {
    expect(JSON.parse(compileInput({}, RULE)(EVENT))).toEqual({
      version: '0',
      id: 'e1',
      'detail-type': 'Dispatch Ended',
      source: 'outpost.api',
      account: '000000000000',
      time: '2026-11-21T10:00:00Z',
      region: 'us-east-1',
      resources: [],
      detail: { id: 'd1', text: 'say "hi"\n', list: [{ n: 1 }, { n: 2 }] },
    });
  });

  it('is a fixed text', () => {
    expect(compileInput({ Input: '{"a":1}' }, RULE)(EVENT)).toBe('{"a":1}');
  });

  it.each([
    ['$.detail.id', '"d1"'],
    ['$.detail.list[1].n', '2'],
    ["$['detail-type']", '"Dispatch Ended"'],
    ['$.detail-type', '"Dispatch Ended"'],
    ['$.detail.missing.deep', 'null'],
  ])('is the part at %s', (InputPath, expected) => {
    expect(compileInput({ InputPath }, RULE)(EVENT)).toBe(expected);
  });

  it.each([
    ['values as JSON outside of quotes', '{"id":<id>,"list":<list>}', { id: 'd1', list: [{ n: 1 }, { n: 2 }] }],
    ['texts inside of quotes, escaped', '{"line":"<id> says <text>"}', { line: 'd1 says say "hi"\n' }],
    ['nothing for what is missing', '{"a":<missing>,"b":"<missing>"}', { a: null, b: '' }],
    [
      'the names of EventBridge',
      '{"r":<aws.events.rule-arn>,"n":"<aws.events.rule-name>"}',
      { r: RULE.arn, n: RULE.name },
    ],
    ['a text as a whole', '"dispatch <id>"', 'dispatch d1'],
    ['no other angle brackets', '{"a":"<b> < <id>"}', { a: '<b> < d1' }],
  ])('is a template with %s', (_what, InputTemplate, expected) => {
    const InputPathsMap = { id: '$.detail.id', text: '$.detail.text', list: '$.detail.list', missing: '$.detail.x' };

    const input = compileInput({ InputTransformer: { InputPathsMap, InputTemplate } }, RULE)(EVENT);

    expect(JSON.parse(input)).toEqual(expected);
  });

  it.each([
    ['a text that is not JSON', { Input: 'hello' }, /Input: what a target gets must be JSON/],
    ['a path that is not understood', { InputPath: '$..id' }, /InputPath: the path/],
    ['a template that is not JSON', { InputTransformer: { InputPathsMap: {}, InputTemplate: 'hi' } }, /InputTemplate/],
    ['two kinds of input', { Input: '1', InputPath: '$.id' }, /exclude each other/],
  ])('is refused for %s', (_what, properties, message) => {
    expect(() => compileInput(properties, RULE)).toThrow(message);
  });
});
