export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Most bytes of UTF-8 that Step Functions carries as one input, output, argument or variable. */
export const DATA_LIMIT_BYTES = 262_144;

/**
 * A JSON value together with its text. Step Functions hands text from state to state, so white space that a client sent
 * survives until a state makes something new.
 */
export class JsonText {
  #value: Json | undefined;

  private constructor(
    readonly text: string,
    value: Json | undefined,
  ) {
    this.#value = value;
  }

  static of(value: Json): JsonText {
    return new JsonText(JSON.stringify(value), value);
  }

  /** @throws SyntaxError where the text is not JSON */
  static parse(text: string): JsonText {
    return new JsonText(text, JSON.parse(text) as Json);
  }

  get value(): Json {
    this.#value ??= JSON.parse(this.text) as Json;
    return this.#value;
  }

  get exceedsDataLimit(): boolean {
    return exceedsDataLimit(this.text);
  }
}

export function exceedsDataLimit(text: string): boolean {
  if (text.length > DATA_LIMIT_BYTES) return true;
  return text.length * 3 > DATA_LIMIT_BYTES && Buffer.byteLength(text) > DATA_LIMIT_BYTES;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name that Step Functions gives the type of a value in its messages. */
export function jsonType(value: Json): 'null' | 'array' | 'object' | 'string' | 'number' | 'boolean' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'object' | 'string' | 'number' | 'boolean';
}

/** Sets a member as JSON.parse does: `__proto__` is a name like any other. */
export function setMember(object: Record<string, Json>, name: string, value: Json): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
