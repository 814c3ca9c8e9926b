import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { DETAIL_TYPES } from '../../core/events.ts';
import { EVENTS } from '../../scripts/event-docs/events.ts';
import { fieldsOf } from '../../scripts/event-docs/fields.ts';
import { eventsPage } from '../../scripts/event-docs/page.ts';

it('keeps docs/EVENTS.md as the schemas say (else: npm run docs:events)', () => {
  const page = readFileSync(new URL('../../docs/EVENTS.md', import.meta.url), 'utf8');

  expect(page).toBe(eventsPage());
});

it('describes every event of the bus', () => {
  expect(EVENTS.map(({ detailType }) => detailType).toSorted()).toEqual(Object.values(DETAIL_TYPES).toSorted());
});

it.each(EVENTS)('shows an example of $detailType with all of its fields', ({ schema, example }) => {
  expect(schema.parse(example)).toEqual(example);
  expect(Object.keys(example).toSorted()).toEqual(Object.keys(schema.shape).toSorted());
});

it('names fields within fields, and what may be left out', () => {
  const schema = z.object({
    when: z.iso.datetime().describe('then'),
    inner: z
      .object({ name: z.enum(['a', 'b']).describe('which') })
      .optional()
      .describe('more'),
  });

  const fields = fieldsOf(schema);

  expect(fields).toEqual([
    { path: 'when', type: 'time, ISO 8601', isOptional: false, description: 'then' },
    { path: 'inner', type: 'object', isOptional: true, description: 'more' },
    { path: 'inner.name', type: '`a`, `b`', isOptional: false, description: 'which' },
  ]);
});

it('refuses a field that nobody has described', () => {
  expect(() => fieldsOf(z.object({ silent: z.string() }))).toThrow('silent');
});
