/** An item of DynamoDB as the document client gives it: plain values, string sets as `Set`. */
export type MemoryItem = Record<string, unknown>;

/** What an expression's placeholders stand for. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Whether a condition holds of an item; of none, all its attributes are absent. */
export function holds(expression: string, placeholders: Placeholders, item: MemoryItem | undefined): boolean {
  const parser = new Parser(expression, placeholders, item ?? {});
  return parser.whole();
}

/** The item as an update leaves it. */
export function updated(expression: string, placeholders: Placeholders, item: MemoryItem): MemoryItem {
  const after = { ...item };
  for (const [, verb = '', parts = ''] of expression.matchAll(
    /\b(SET|REMOVE|ADD|DELETE) (.*?)(?= (?:SET|REMOVE|ADD|DELETE) |$)/g,
  )) {
    for (const part of splitAtCommas(parts)) change(verb, new Parser(part, placeholders, item), after);
  }
  return after;
}

function change(verb: string, parser: Parser, after: MemoryItem): void {
  const name = parser.name();
  if (verb === 'REMOVE') delete after[name];
  else if (verb === 'SET') after[name] = parser.expect('=').value();
  else {
    const changed = parser.value() as Set<string>;
    const before = [...((after[name] as Set<string> | undefined) ?? [])];
    const kept = before.filter((member) => !changed.has(member));
    const members = new Set(verb === 'ADD' ? [...before, ...changed] : kept);
    // DynamoDB has no empty sets.
    if (members.size > 0) after[name] = members;
    else delete after[name];
  }
}

function splitAtCommas(parts: string): string[] {
  return parts.split(/,(?![^(]*\))/).map((part) => part.trim());
}

/** As much of DynamoDB's grammar as our stores and state machines write. */
class Parser {
  readonly #tokens: string[];

  constructor(
    readonly expression: string,
    readonly placeholders: Placeholders,
    readonly item: MemoryItem,
  ) {
    this.#tokens = expression.match(/[#:]?\w+|>=|<=|<>|[=<>(),]/g) ?? [];
  }

  whole(): boolean {
    const result = this.#or();
    if (this.#tokens.length > 0) throw new Error(`'${this.expression}' goes on with ${this.#tokens.join(' ')}.`);
    return result;
  }

  name(): string {
    const token = this.#next();
    const name = token.startsWith('#') ? this.placeholders.names[token] : token;
    if (name === undefined) throw new Error(`'${token}' stands for nothing.`);
    return name;
  }

  value(): unknown {
    const [token = ''] = this.#tokens;
    if (token === 'size') return this.#call(() => sizeOf(this.value()));
    if (token === 'if_not_exists') return this.#call(() => this.item[this.name()] ?? this.expect(',').value());
    if (!token.startsWith(':')) return this.item[this.name()];
    this.#next();
    if (!(token in this.placeholders.values)) throw new Error(`'${token}' stands for nothing.`);
    return this.placeholders.values[token];
  }

  expect(token: string): this {
    const found = this.#next();
    if (found !== token) throw new Error(`'${this.expression}' has '${found}' for '${token}'.`);
    return this;
  }

  #or(): boolean {
    let result = this.#and();
    while (this.#skip('OR')) result = this.#and() || result;
    return result;
  }

  #and(): boolean {
    let result = this.#not();
    while (this.#skip('AND')) result = this.#not() && result;
    return result;
  }

  #not(): boolean {
    return this.#skip('NOT') ? !this.#not() : this.#primary();
  }

  #primary(): boolean {
    const [token] = this.#tokens;
    if (this.#skip('(')) {
      const result = this.#or();
      this.expect(')');
      return result;
    }
    if (token === 'attribute_exists') return this.#call(() => this.item[this.name()] !== undefined);
    if (token === 'attribute_not_exists') return this.#call(() => this.item[this.name()] === undefined);
    if (token === 'contains') {
      return this.#call(() => {
        const set = this.value() as Set<unknown> | undefined;
        const member = this.expect(',').value();
        return set?.has(member) ?? false;
      });
    }
    return this.#comparison(this.value());
  }

  #comparison(left: unknown): boolean {
    const operator = this.#next();
    if (operator === 'IN') {
      this.expect('(');
      const values = [this.value()];
      while (this.#skip(',')) values.push(this.value());
      this.expect(')');
      return values.includes(left);
    }
    const right = this.value();
    if (operator === '=') return left !== undefined && left === right;
    if (left === undefined || right === undefined || typeof left !== typeof right) return false;
    if (operator === '<') return (left as string) < (right as string);
    if (operator === '>=') return (left as string) >= (right as string);
    throw new Error(`'${this.expression}' has an operator '${operator}'.`);
  }

  #call<T>(inner: () => T): T {
    this.#next();
    this.expect('(');
    const result = inner();
    // What `if_not_exists` did not need to look at is still there.
    while (this.#tokens[0] !== ')') this.#next();
    this.expect(')');
    return result;
  }

  #skip(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #next(): string {
    const token = this.#tokens.shift();
    if (token === undefined) throw new Error(`'${this.expression}' ends too early.`);
    return token;
  }
}

function sizeOf(value: unknown): number | undefined {
  return value instanceof Set ? value.size : undefined;
}
