import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Expression } from '../jsonata/expression.ts';
import { isExpressionText, Template } from '../jsonata/template.ts';
import { DefinitionError } from './definition-error.ts';
import { checkVariables, type StatesFields } from './reserved-variable.ts';

/** Most seconds that Step Functions takes anywhere: about three years. */
export const MOST_SECONDS = 99_999_999;

/** Reads the fields of one object of a definition, and in the end refuses those that nobody asked for. */
export class Fields {
  readonly #read = new Set<string>(['Comment']);

  /** @param state where the state is that the object belongs to: messages at run time name fields from there */
  constructor(
    readonly object: JsonObject,
    readonly location: string,
    readonly state: string,
  ) {}

  /** @throws DefinitionError unless the value is an object */
  static of(value: Json | undefined, location: string, state = location): Fields {
    if (isJsonObject(value)) return new Fields(value, location, state);
    throw new DefinitionError('Expected value of type Object', location);
  }

  at(name: string): string {
    return `${this.location === '/' ? '' : this.location}/${name}`;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.object, name);
  }

  raw(name: string): Json | undefined {
    this.#read.add(name);
    return this.has(name) ? this.object[name] : undefined;
  }

  string(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    throw new DefinitionError('Expected value of type String', this.at(name));
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value !== undefined) return value;
    throw new DefinitionError(`These fields are required: [${name}]`, this.location);
  }

  number(name: string, allowed: { least: number; most?: number; integer?: boolean }): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const most = allowed.most ?? MOST_SECONDS;
    const fits = typeof value === 'number' && value >= allowed.least && value <= most;
    if (fits && (allowed.integer === false || Number.isInteger(value))) return value;
    const kind = allowed.integer === false ? 'Number' : 'Integer';
    throw new DefinitionError(`Expected value of type ${kind} from ${allowed.least} to ${most}`, this.at(name));
  }

  array(name: string): readonly Json[] | undefined {
    const value = this.raw(name);
    if (value === undefined || Array.isArray(value)) return value as readonly Json[] | undefined;
    throw new DefinitionError('Expected value of type Array', this.at(name));
  }

  /**
   * A field that takes expressions.
   * @param accepts says what a value without expressions must be; its answer ends the message where it is not
   */
  template(
    name: string,
    statesFields: StatesFields,
    accepts: (value: Json) => string | undefined = () => undefined,
  ): Template | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const inspect = (expression: Expression, location: string) => {
      checkVariables(expression, statesFields, `${this.state}/${location}`);
    };
    let template: Template;
    try {
      template = new Template(value, this.at(name).slice(this.state.length + 1), inspect);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new DefinitionError(`Invalid JSONata expression. ${cause.message}`, this.at(name));
    }
    const expected = isExpressionText(value) ? undefined : accepts(value);
    if (expected === undefined) return template;
    throw new DefinitionError(`Expected value of type ${expected}`, this.at(name));
  }

  /** @throws DefinitionError for the first field that nothing has read */
  refuseOthers(): void {
    const unknown = Object.keys(this.object).find((name) => !this.#read.has(name));
    if (unknown !== undefined) throw new DefinitionError(`Field '${unknown}' is not supported`, this.at(unknown));
  }
}

/** What a plain value of a template must be, for `Fields.template`. */
export const plain = {
  string: (value: Json) => (typeof value === 'string' ? undefined : 'String'),
  object: (value: Json) => (isJsonObject(value) ? undefined : 'Object'),
  array: (value: Json) => (Array.isArray(value) ? undefined : 'Array'),
  integer: (least: number, most = MOST_SECONDS) => {
    return (value: Json) => {
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
      return fits ? undefined : `Integer from ${least} to ${most}`;
    };
  },
} as const;
