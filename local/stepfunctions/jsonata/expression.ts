import jsonata from 'jsonata';
import type { Json } from '../json.ts';
import { installStepFunctionsLibrary } from './functions.ts';
import { installGuard, needsGuard } from './guard.ts';
import { NotJsonError, TooLargeError, toPlainJson } from './plain.ts';

/** What an expression sees: `states` and the variables of its scope, inherited ones too. */
export type Bindings = Readonly<Record<string, unknown>>;

export type ExpressionOutcome =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'undefined' }
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'error'; readonly message: string };

/** A JSONata expression, compiled once and evaluated often, at the same time too. */
export class Expression {
  readonly #compiled: jsonata.Expression;

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
    installStepFunctionsLibrary(this.#compiled);
    if (needsGuard(this.#compiled.ast())) installGuard(this.#compiled);
  }

  get ast(): unknown {
    return this.#compiled.ast();
  }

  async evaluate(bindings: Bindings): Promise<ExpressionOutcome> {
    let result: unknown;
    try {
      result = await this.#compiled.evaluate(undefined, bindings);
    } catch (error) {
      return { kind: 'error', message: messageOf(error) };
    }
    if (result === undefined) return { kind: 'undefined' };
    try {
      return { kind: 'value', value: toPlainJson(result) };
    } catch (error) {
      if (error instanceof NotJsonError) return { kind: 'unsupported' };
      if (error instanceof TooLargeError) return { kind: 'too-large' };
      throw error;
    }
  }
}

/** AWS quotes JSONata's own code and message: `T1006: Attempted to invoke a non-function`. */
function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? `${code}: ${String(message)}` : String(message);
}
