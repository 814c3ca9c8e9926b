import { isJsonObject, type Json } from '../json.ts';
import { isExpressionText } from '../jsonata/template.ts';
import { parseTimestamp } from '../timestamp.ts';
import { memberNamed } from './names.ts';
import type { Shape, StructureShape } from './shape.ts';

/** Texts of JSON, which Step Functions makes itself from any value: members of these structures. */
const JSON_TEXTS: Readonly<Record<string, readonly string[]>> = {
  StartExecutionInput: ['input'],
  SendTaskSuccessInput: ['output'],
  PutEventsRequestEntry: ['Detail'],
};

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a STRING',
  number: 'a NUMBER',
  boolean: 'a BOOLEAN',
  timestamp: 'a TIMESTAMP',
};

export interface ArgumentProblem {
  readonly message: string;
  /** Below the arguments, e.g. `/Key`. */
  readonly path: string;
}

/**
 * What the SDK's model has against arguments, in AWS's words. Expressions pass: their values are checked again when
 * the Task is scheduled.
 */
export function argumentProblems(shape: Shape, value: Json, path = '', name = ''): readonly ArgumentProblem[] {
  if (value === null || isExpressionText(value)) return [];
  switch (shape.type) {
    case 'structure':
      return isJsonObject(value) ? structureProblems(shape, value, path) : wrongType('an OBJECT', path, name);
    case 'list':
      if (!Array.isArray(value)) return wrongType('an ARRAY', path, name);
      return value.flatMap((item: Json, index) => argumentProblems(shape.item(), item, `${path}[${index}]`, name));
    case 'map':
      if (!isJsonObject(value)) return wrongType('an OBJECT', path, name);
      return Object.entries(value).flatMap(([key, item]) =>
        argumentProblems(shape.item(), item, `${path}/${key}`, key),
      );
    default:
      return fitsSimple(shape.type, value) ? [] : wrongType(TYPE_NAMES[shape.type] ?? shape.type, path, name);
  }
}

/** The SDK's input from arguments that have no problems. */
export function toSdkInput(shape: Shape, value: Json): unknown {
  if (value === null) return undefined;
  switch (shape.type) {
    case 'structure':
      return isJsonObject(value) ? sdkStructure(shape, value) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item: Json) => toSdkInput(shape.item(), item)) : value;
    case 'map':
      if (!isJsonObject(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toSdkInput(shape.item(), item)]));
    case 'blob':
      return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    case 'timestamp':
      return new Date(typeof value === 'string' ? (parseTimestamp(value) ?? Number.NaN) : Number(value));
    default:
      return value;
  }
}

function structureProblems(
  structure: StructureShape,
  value: { readonly [key: string]: Json },
  path: string,
): readonly ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const given = new Set<string>();
  for (const [key, item] of Object.entries(value)) {
    const member = memberNamed(key, structure);
    if (!member) {
      problems.push({ message: `The field '${key}' is not supported by Step Functions`, path: `${path}/${key}` });
      continue;
    }
    given.add(member.name);
    if (isJsonTextMember(structure, member.name)) continue;
    problems.push(...argumentProblems(member.shape(), item, `${path}/${key}`, key));
  }
  for (const member of structure.members.values()) {
    if (!member.required || given.has(member.name)) continue;
    const name = member.name.charAt(0).toUpperCase() + member.name.slice(1);
    problems.push({ message: `The field '${name}' is required but was missing`, path });
  }
  return problems;
}

function sdkStructure(structure: StructureShape, value: { readonly [key: string]: Json }): unknown {
  const input: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const member = memberNamed(key, structure);
    if (!member) continue;
    const isText = isJsonTextMember(structure, member.name) && typeof item !== 'string';
    input[member.name] = isText ? JSON.stringify(item) : toSdkInput(member.shape(), item);
  }
  return input;
}

function isJsonTextMember(structure: StructureShape, member: string): boolean {
  return JSON_TEXTS[structure.name]?.includes(member) ?? false;
}

function fitsSimple(type: string, value: Json): boolean {
  if (type === 'timestamp') {
    return typeof value === 'number' || (typeof value === 'string' && parseTimestamp(value) !== undefined);
  }
  return type === 'blob' || type === 'document' || typeof value === type;
}

function wrongType(expected: string, path: string, name: string): readonly ArgumentProblem[] {
  return [{ message: `The value for the field '${name}' must be ${expected}`, path }];
}
