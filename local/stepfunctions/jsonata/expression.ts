import jsonata from 'jsonata';
import type { Json } from '../json.ts';
import { TemplateFault } from './fault.ts';
import { installStepFunctionsLibrary } from './functions.ts';
import { installGuard, needsGuard } from './guard.ts';
import { NotJsonError, TooLargeError, toPlainJson } from './plain.ts';
import { type PlainPath, plainPathOf, walk } from './plain-path.ts';

/** What an expression sees: `states` and the variables of its scope. */
export type Bindings = Readonly<Record<string, unknown>>;

/** A JSONata expression, compiled once and evaluated often, at the same time too. */
export class Expression {
  readonly #compiled: jsonata.Expression;
  readonly #path: PlainPath | undefined;

  /**
   * @param source the text between `{%` and `%}`, trimmed
   * @throws SyntaxError where it is not JSONata
   */
  constructor(readonly source: string) {
    try {
      this.#compiled = jsonata(source);
    } catch (cause) {
      throw new SyntaxError(messageOf(cause), { cause });
    }
    this.#path = plainPathOf(this.#compiled.ast());
    installStepFunctionsLibrary(this.#compiled);
    if (needsGuard(this.#compiled.ast())) installGuard(this.#compiled);
  }

  get ast(): unknown {
    return this.#compiled.ast();
  }

  /**
   * @param location the field that the expression stands in, for the fault's words
   * @throws TemplateFault
   */
  evaluate(bindings: Bindings, location: string): Json | Promise<Json> {
    const value = this.#path && walk(this.#path, bindings);
    return value === undefined ? this.#evaluate(bindings, location) : value;
  }

  async #evaluate(bindings: Bindings, location: string): Promise<Json> {
    let result: unknown;
    try {
      result = await this.#compiled.evaluate(undefined, bindings);
    } catch (error) {
      throw this.#fault(location, `threw an error during evaluation. ${messageOf(error)}`);
    }
    if (result === undefined) throw this.#fault(location, 'returned nothing (undefined).');
    try {
      return toPlainJson(result);
    } catch (error) {
      if (error instanceof NotJsonError) throw this.#fault(location, 'returned an unsupported result type.');
      if (!(error instanceof TooLargeError)) throw error;
      const what = 'returned a result with a size exceeding the maximum number of bytes service limit.';
      throw this.#fault(location, what, 'States.DataLimitExceeded');
    }
  }

  #fault(location: string, what: string, error?: TemplateFault['error']): TemplateFault {
    const subject = `The JSONata expression '${this.source}' specified for the field '${location}'`;
    return new TemplateFault(`${subject} ${what}`, location, error);
  }
}

/** AWS quotes JSONata's own code and message: `T1006: Attempted to invoke a non-function`. */
function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? `${code}: ${String(message)}` : String(message);
}
