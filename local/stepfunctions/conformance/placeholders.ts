/** Words that the recorder put in place of times. */
const MASKS = ['date', 'time', 'timestamp', 'datetime'];
const PLACEHOLDER = /<[^<>]+>/g;

/**
 * Compares values with a recording in which ids, ARNs and times were replaced. A placeholder matches any text, and the
 * same text each time it comes again in the same recording.
 */
export class PlaceholderMatcher {
  readonly #meanings = new Map<string, string>();

  /** `undefined` where the values match, else where they do not and how. */
  difference(recorded: unknown, actual: unknown, path: string): string | undefined {
    if (typeof recorded === 'string' && typeof actual === 'string') return this.#texts(recorded, actual, path);
    if (Array.isArray(recorded) && Array.isArray(actual)) return this.#lists(recorded, actual, path);
    if (isObject(recorded) && isObject(actual)) return this.#objects(recorded, actual, path);
    // The recorder parsed JSON that began with `{`; the engine's events carry its text.
    if (isObject(recorded) && typeof actual === 'string') return this.#parsed(recorded, actual, path);
    return Object.is(recorded, actual) ? undefined : unlike(recorded, actual, path);
  }

  #texts(recorded: string, actual: string, path: string): string | undefined {
    if (recorded === actual || MASKS.includes(recorded)) return undefined;
    if (this.#stands(recorded, actual)) return undefined;
    const [recordedJson, actualJson] = [parsed(recorded), parsed(actual)];
    const bothParsed = recordedJson !== undefined && actualJson !== undefined;
    const deeper = bothParsed && (typeof recordedJson === 'object' || recorded.startsWith('"'));
    return deeper ? this.difference(recordedJson, actualJson, `${path}(json)`) : unlike(recorded, actual, path);
  }

  /** Whether text with placeholders in it stands for the actual text. */
  #stands(recorded: string, actual: string): boolean {
    const names = recorded.match(PLACEHOLDER);
    if (!names) return false;
    const pattern = recorded
      .split(PLACEHOLDER)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('([\\s\\S]*?)');
    const match = new RegExp(`^${pattern}$`).exec(actual);
    if (!match) return false;
    return names.every((name, index) => {
      const meaning = match[index + 1] ?? '';
      const known = this.#meanings.get(name);
      if (known === undefined) this.#meanings.set(name, meaning);
      return known === undefined || known === meaning;
    });
  }

  #lists(recorded: readonly unknown[], actual: readonly unknown[], path: string): string | undefined {
    if (recorded.length !== actual.length) return unlike(recorded, actual, path);
    for (const [index, item] of recorded.entries()) {
      const difference = this.difference(item, actual[index], `${path}[${index}]`);
      if (difference) return difference;
    }
    return undefined;
  }

  #objects(
    recorded: Readonly<Record<string, unknown>>,
    actual: Readonly<Record<string, unknown>>,
    path: string,
  ): string | undefined {
    const names = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
    for (const name of names) {
      if (!Object.hasOwn(recorded, name)) return `${path}/${name}: not in the recording`;
      if (!Object.hasOwn(actual, name)) return `${path}/${name}: missing, recorded ${shown(recorded[name])}`;
      const difference = this.difference(recorded[name], actual[name], `${path}/${name}`);
      if (difference) return difference;
    }
    return undefined;
  }

  /** JSON that a service wrote keeps the order of its keys, so the order counts. */
  #parsed(recorded: Readonly<Record<string, unknown>>, actual: string, path: string): string | undefined {
    const value = parsed(actual);
    if (!isObject(value)) return unlike(recorded, actual, path);
    const [recordedKeys, actualKeys] = [Object.keys(recorded).join(), Object.keys(value).join()];
    const difference = this.#objects(recorded, value, path);
    if (difference || recordedKeys === actualKeys) return difference;
    return `${path}: keys are ${actualKeys}, recorded ${recordedKeys}`;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function unlike(recorded: unknown, actual: unknown, path: string): string {
  return `${path}: ${shown(actual)}, recorded ${shown(recorded)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}
