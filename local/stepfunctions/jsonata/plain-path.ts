import type { Json } from '../json.ts';
import type { Bindings } from './expression.ts';

/** The names of a path such as `$states.input.id`, from the variable on. */
export type PlainPath = readonly string[];

/**
 * The path that an expression is, if it is nothing but a variable and names. Most expressions of state machines are, and
 * walking there costs a tenth of evaluating them.
 */
export function plainPathOf(ast: unknown): PlainPath | undefined {
  const { type, steps, ...others } = ast as { type?: unknown; steps?: unknown };
  const nodes = type === 'path' && Array.isArray(steps) && Object.keys(others).length === 0 ? steps : [ast];
  const names = nodes.map((node, index) => plainName(node, index === 0 ? 'variable' : 'name'));
  return names.every((name) => name !== undefined) ? names : undefined;
}

function plainName(node: unknown, wanted: string): string | undefined {
  const { type, value, position: _position, ...others } = node as Readonly<Record<string, unknown>>;
  const isPlain = type === wanted && typeof value === 'string' && value !== '' && Object.keys(others).length === 0;
  return isPlain ? value : undefined;
}

/** The value at the path, `undefined` where JSONata must say: where there is nothing, or a list, which it maps and flattens. */
export function walk(path: PlainPath, bindings: Bindings): Json | undefined {
  let value: unknown = bindings;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
    if (Array.isArray(value)) return undefined;
  }
  return value as Json | undefined;
}
