import { z } from 'zod';
import type { EventEnvelope } from './default-bus.ts';

/** How a target sees an event: whole, a fixed text, a part of it, or a template filled from it. */
export const TargetInputProperties = z.object({
  Input: z.string().optional(),
  InputPath: z.string().optional(),
  InputTransformer: z
    .strictObject({ InputPathsMap: z.record(z.string(), z.string()).default({}), InputTemplate: z.string() })
    .optional(),
});

export interface RuleIdentity {
  readonly name: string;
  readonly arn: string;
}

/** The JSON text that a target gets for an event. */
export type TargetInput = (event: EventEnvelope) => string;

/** Throws where a path or a template is not understood, or a text is not JSON. */
export function compileInput(properties: z.output<typeof TargetInputProperties>, rule: RuleIdentity): TargetInput {
  const { Input, InputPath, InputTransformer } = properties;
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1) {
    throw new Error('Input, InputPath and InputTransformer exclude each other');
  }
  if (Input !== undefined) {
    checkJson('Input', Input);
    return () => Input;
  }
  if (InputPath !== undefined) {
    const read = compilePath('InputPath', InputPath);
    return (event) => JSON.stringify(read(event) ?? null);
  }
  if (InputTransformer) return compileTransformer(InputTransformer, rule);
  return (event) => JSON.stringify(event);
}

/**
 * A variable outside of quotes is put in as JSON, inside of quotes as the text itself, escaped ("Amazon EventBridge
 * input transformation").
 */
function compileTransformer(
  { InputPathsMap, InputTemplate }: { InputPathsMap: Readonly<Record<string, string>>; InputTemplate: string },
  rule: RuleIdentity,
): TargetInput {
  const readers = new Map<string, (event: EventEnvelope) => unknown>([
    ['aws.events.rule-arn', () => rule.arn],
    ['aws.events.rule-name', () => rule.name],
    ['aws.events.event.ingestion-time', () => new Date().toISOString()],
    ['aws.events.event', ({ detail, ...event }) => event],
    ['aws.events.event.json', (event) => event],
  ]);
  for (const [name, path] of Object.entries(InputPathsMap)) {
    readers.set(name, compilePath(`InputTransformer.InputPathsMap.${name}`, path));
  }
  const parts = splitTemplate(InputTemplate, readers);
  const render = (valueFor: (read: (event: EventEnvelope) => unknown) => unknown) =>
    parts.map((part) => (part.read ? renderValue(valueFor(part.read), part.quoted) : part.text)).join('');
  checkJson(
    'InputTransformer.InputTemplate',
    render(() => 'x'),
  );
  return (event) => render((read) => read(event));
}

interface TemplatePart {
  readonly text: string;
  readonly quoted: boolean;
  readonly read?: ((event: EventEnvelope) => unknown) | undefined;
}

/** Only a name of the map or one of EventBridge's own is a variable: any other `<…>` stays text. */
function splitTemplate(
  template: string,
  readers: ReadonlyMap<string, (event: EventEnvelope) => unknown>,
): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let quoted = false;
  for (const text of template.match(/<[\w.-]+>|\\.|[^<\\"]+|./gs) ?? []) {
    const read = text.startsWith('<') && text.endsWith('>') ? readers.get(text.slice(1, -1)) : undefined;
    parts.push({ text, quoted, read });
    if (text === '"') quoted = !quoted;
  }
  return parts;
}

function renderValue(value: unknown, quoted: boolean): string {
  if (!quoted) return JSON.stringify(value ?? null);
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}

/** The part of JSONPath that EventBridge documents for inputs: `$.a.b`, `$['a']`, `$.list[0]`. */
function compilePath(property: string, path: string): (event: EventEnvelope) => unknown {
  if (!/^\$(\.[\w-]+|\[\d+\]|\['[^']+'\])*$/.test(path)) {
    throw new Error(`${property}: the path '${path}' is not supported by the embedded AWS`);
  }
  const steps = [...path.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
  return (event) =>
    steps.reduce<unknown>((value, step) => {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      return Reflect.get(value, step);
    }, event);
}

function checkJson(property: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new Error(`${property}: what a target gets must be JSON: ${text}`, { cause });
  }
}
