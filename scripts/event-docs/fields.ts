import { z } from 'zod';

/** A field of an event, by the path that leads to it. */
export interface Field {
  readonly path: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly description: string;
}

/** The part of a JSON Schema that events are made of; what has another shape is refused. */
const Property = z.object({
  type: z.enum(['string', 'integer', 'number', 'object']).optional(),
  description: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
  get properties() {
    return z.record(z.string(), Property).optional();
  },
  required: z.array(z.string()).optional(),
});
type Property = z.infer<typeof Property>;

/** The fields of an event, those of an object within after it. */
export function fieldsOf(schema: z.ZodObject): Field[] {
  return fieldsWithin(Property.parse(z.toJSONSchema(schema)), '');
}

function fieldsWithin({ properties = {}, required = [] }: Property, before: string): Field[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = `${before}${name}`;
    const { description } = property;
    if (description === undefined) throw new Error(`The field ${path} has no description.`);
    const field = { path, type: typeOf(property), isOptional: !required.includes(name), description };
    return [field, ...fieldsWithin(property, `${path}.`)];
  });
}

function typeOf({ type, const: constant, enum: choices, format, pattern, minLength, maxLength }: Property): string {
  if (constant !== undefined) return `\`${JSON.stringify(constant)}\``;
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (format === 'date-time') return 'time, ISO 8601';
  if (pattern?.startsWith('^[0-7]')) return 'ULID';
  if (type === 'integer') return 'whole number';
  if (type === 'number') return 'number';
  if (maxLength !== undefined) return `text, ${minLength ?? 0} to ${maxLength} characters`;
  return type === 'string' ? 'text' : 'object';
}
