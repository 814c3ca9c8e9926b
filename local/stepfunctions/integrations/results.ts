import type { Json } from '../json.ts';
import { type Style, stepFunctionsName } from './names.ts';
import type { Shape, StructureShape } from './shape.ts';

export interface ResultStyle {
  readonly names: Style;
  /** Dates as text or as milliseconds since the epoch. */
  readonly dates: 'iso' | 'milliseconds';
  /** Whether a list that the service left out appears as `[]`. */
  readonly fillLists: boolean;
}

/** Lists that the SDK's model has and the one of Step Functions has not: they are never filled in. */
const UNKNOWN_LISTS = ['neuronDeviceIds'];

/** The result of a Task from the SDK's output: names in PascalCase, bytes as text, nothing that JSON lacks. */
export function fromSdkOutput(shape: Shape, value: unknown, style: ResultStyle): Json | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) return dateIn(style, value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  switch (shape.type) {
    case 'structure':
      return resultStructure(shape, value as Readonly<Record<string, unknown>>, style);
    case 'list':
      return (value as readonly unknown[]).map((item) => fromSdkOutput(shape.item(), item, style) ?? null);
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, fromSdkOutput(shape.item(), item, style) ?? null]),
      );
    case 'timestamp':
      return dateIn(style, new Date(value as string | number));
    default:
      return value as Json;
  }
}

function dateIn({ dates }: ResultStyle, date: Date): Json {
  return dates === 'iso' ? date.toISOString() : date.getTime();
}

function resultStructure(
  structure: StructureShape,
  value: Readonly<Record<string, unknown>>,
  style: ResultStyle,
): { [key: string]: Json } {
  const named: [string, Json][] = [];
  for (const member of structure.members.values()) {
    const shape = member.shape();
    const item = fromSdkOutput(shape, value[member.name], style);
    const fills = style.fillLists && shape.type === 'list' && !UNKNOWN_LISTS.includes(member.name);
    const filled = item === undefined && fills ? [] : item;
    if (filled !== undefined) named.push([stepFunctionsName(member, structure, style.names), filled]);
  }
  return Object.fromEntries(named.sort(([one], [other]) => (one < other ? -1 : 1)));
}
