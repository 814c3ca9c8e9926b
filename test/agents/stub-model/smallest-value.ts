import { z } from 'zod';

const Schema = z.looseObject({
  type: z.string().default('string'),
  enum: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
});

/** A value that a JSON schema of objects, lists, numbers, strings and booleans allows. */
export function smallestOf(schema: unknown): unknown {
  const { type, enum: choices, properties } = Schema.parse(schema);
  if (choices !== undefined) return choices[0];
  switch (type.toLowerCase()) {
    case 'object':
      return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, smallestOf(property)]));
    case 'array':
      return [];
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return false;
    default:
      return '';
  }
}
