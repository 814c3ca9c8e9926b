/**
 * The schema objects of the AWS SDK for JavaScript (`RunTask$`, `RunTaskRequest$`), as far as names and types go. They
 * are arrays, `[kind, namespace, name, traits, …]`; a reference may be a function, a number stands for a simple type.
 */
export type Shape =
  | { readonly type: 'structure'; readonly name: string; readonly members: ReadonlyMap<string, Member> }
  | { readonly type: 'list' | 'map'; item(): Shape }
  | { readonly type: 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' | 'document' };

export type StructureShape = Extract<Shape, { type: 'structure' }>;

export interface Member {
  /** As the SDK spells it: `taskDefinition`. */
  readonly name: string;
  readonly required: boolean;
  shape(): Shape;
}

export interface OperationShapes {
  readonly input: StructureShape;
  readonly output: StructureShape;
}

const KIND = { simple: 0, list: 1, map: 2, structure: 3, union: 4, error: -3, operation: 9 } as const;
const LIST_OF = 64;
const MAP_OF = 128;
const SIMPLE: Readonly<Record<number, 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' | 'document'>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  5: 'timestamp',
  6: 'timestamp',
  7: 'timestamp',
  15: 'document',
  17: 'number',
  19: 'number',
  21: 'blob',
  42: 'blob',
};

/** The input and output of an operation, or `undefined` where the schema is not one of an operation. */
export function operationShapes(schema: unknown): OperationShapes | undefined {
  if (!Array.isArray(schema) || schema[0] !== KIND.operation) return undefined;
  return { input: structureOf(schema[4]), output: structureOf(schema[5]) };
}

const cache = new WeakMap<object, Shape>();

export function shapeOf(reference: unknown): Shape {
  const schema: unknown = typeof reference === 'function' ? reference() : reference;
  if (typeof schema === 'number') return simpleShape(schema);
  if (!Array.isArray(schema)) return { type: 'document' };
  // `unit`, the empty structure, and a member with traits of its own are pairs.
  if (schema.length === 2) return schema[0] === 'unit' ? emptyStructure : shapeOf(schema[0]);
  let shape = cache.get(schema);
  if (!shape) {
    shape = staticShape(schema);
    cache.set(schema, shape);
  }
  return shape;
}

const emptyStructure: StructureShape = { type: 'structure', name: 'Unit', members: new Map() };

function structureOf(reference: unknown): StructureShape {
  const shape = shapeOf(reference);
  return shape.type === 'structure' ? shape : emptyStructure;
}

function simpleShape(code: number): Shape {
  if (code >= MAP_OF) return { type: 'map', item: () => simpleShape(code - MAP_OF) };
  if (code >= LIST_OF) return { type: 'list', item: () => simpleShape(code - LIST_OF) };
  return { type: SIMPLE[code] ?? 'document' };
}

function staticShape(schema: readonly unknown[]): Shape {
  switch (schema[0]) {
    case KIND.simple:
      return shapeOf(schema[4]);
    case KIND.list:
      return { type: 'list', item: () => shapeOf(schema[4]) };
    case KIND.map:
      return { type: 'map', item: () => shapeOf(schema[5]) };
    case KIND.structure:
    case KIND.union:
    case KIND.error:
      return structureShape(schema);
    default:
      return { type: 'document' };
  }
}

function structureShape(schema: readonly unknown[]): StructureShape {
  const names = schema[4] as readonly string[];
  const references = schema[5] as readonly unknown[];
  const required = typeof schema[6] === 'number' ? schema[6] : 0;
  const members = names.map((name, index): [string, Member] => {
    return [name, { name, required: index < required, shape: () => shapeOf(references[index]) }];
  });
  return { type: 'structure', name: String(schema[2]), members: new Map(members) };
}
