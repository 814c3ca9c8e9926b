import { isJsonObject, type Json, jsonType, setMember } from '../json.ts';
import { type Bindings, Expression } from './expression.ts';
import { TemplateFault } from './fault.ts';

type JsonTypeName = ReturnType<typeof jsonType>;

/** A field of a state that holds JSON in which some strings are expressions: `"{% $states.input.x %}"`. */
export class Template {
  readonly #root: Node;
  readonly #location: string;

  /**
   * @param location the field as messages name it, e.g. `Arguments` or `Choices[0]/Condition`
   * @param inspect looks at every expression as it is compiled, to refuse it
   */
  constructor(value: Json, location: string, inspect: (expression: Expression, location: string) => void = () => {}) {
    this.#location = location;
    this.#root = compile(value, location, inspect);
  }

  /** The value of a field without any expression; `undefined` where there is one. */
  get constant(): Json | undefined {
    return this.#root.kind === 'literal' ? this.#root.value : undefined;
  }

  get location(): string {
    return this.#location;
  }

  /** @throws TemplateFault */
  evaluate(bindings: Bindings): Json | Promise<Json> {
    return evaluateNode(this.#root, bindings);
  }

  /** @throws TemplateFault also where the value is of another type */
  async evaluateAs<T extends JsonTypeName>(type: T, bindings: Bindings): Promise<TypedJson[T]> {
    const value = await this.evaluate(bindings);
    if (jsonType(value) === type) return value as TypedJson[T];
    const source = this.#root.kind === 'expression' ? this.#root.expression.source : JSON.stringify(this.constant);
    const found = `Expected '${type}', but was '${jsonType(value)}' for value: ${JSON.stringify(value)}`;
    throw new TemplateFault(
      `The JSONata expression '${source}' specified for the field '${this.#location}' returned an unexpected result type. ${found}`,
      this.#location,
    );
  }
}

interface TypedJson {
  null: null;
  array: readonly Json[];
  object: { readonly [key: string]: Json };
  string: string;
  number: number;
  boolean: boolean;
}

type Node =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly location: string }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Node])[] };

export function isExpressionText(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 4 && value.startsWith('{%') && value.endsWith('%}');
}

function compile(value: Json, location: string, inspect: (expression: Expression, location: string) => void): Node {
  if (isExpressionText(value)) {
    const expression = new Expression(value.slice(2, -2).trim());
    inspect(expression, location);
    return { kind: 'expression', expression, location };
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Json, index) => compile(item, `${location}[${index}]`, inspect));
    return items.every((item) => item.kind === 'literal') ? { kind: 'literal', value } : { kind: 'array', items };
  }
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([key, member]) => {
      return [key, compile(member, `${location}/${key}`, inspect)] as const;
    });
    const constant = members.every(([, member]) => member.kind === 'literal');
    return constant ? { kind: 'literal', value } : { kind: 'object', members };
  }
  return { kind: 'literal', value };
}

function evaluateNode(node: Node, bindings: Bindings): Json | Promise<Json> {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'expression':
      return node.expression.evaluate(bindings, node.location);
    case 'array':
      return evaluateArray(node.items, bindings);
    case 'object':
      return evaluateObject(node.members, bindings);
  }
}

async function evaluateArray(nodes: readonly Node[], bindings: Bindings): Promise<Json> {
  const items: Json[] = [];
  for (const node of nodes) items.push(await evaluateNode(node, bindings));
  return items;
}

async function evaluateObject(members: readonly (readonly [string, Node])[], bindings: Bindings): Promise<Json> {
  const object: Record<string, Json> = {};
  for (const [key, node] of members) {
    setMember(object, key, node.kind === 'literal' ? node.value : await evaluateNode(node, bindings));
  }
  return object;
}
