import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** What Secrets Manager takes as a name. */
const NAME = /^[A-Za-z0-9/_+=.@-]{1,512}$/;
/** Bytes of a value at the most. */
const MAX_VALUE_BYTES = 65_536;

/** Names and their values. What its faults say names secrets, and never quotes a value. */
const Secrets = z.record(
  z.string().regex(NAME, 'is no name of a secret: it takes letters, digits and /_+=.@-'),
  z
    .string('must be a text')
    .min(1, 'is empty')
    .refine((value) => Buffer.byteLength(value) <= MAX_VALUE_BYTES, `is longer than ${MAX_VALUE_BYTES} bytes`),
);

/** The file of secrets cannot be used, in words for the person at this machine. */
export class SecretsFileError extends Error {
  override readonly name = 'SecretsFileError';
}

export interface StoredSecrets {
  readonly values: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * Secrets in a JSON file that a person writes, `{ "<name>": "<value>" }`, and that nobody else may read. It is read for
 * each request, so that a change holds from the next one on; without it there are no secrets.
 */
export class SecretsFile {
  constructor(private readonly path: string) {}

  /** @throws SecretsFileError where others may read it, or what it holds is wrong */
  read(): StoredSecrets {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    if (stat === undefined) return { values: new Map(), changedAt: 0 };
    if (!stat.isFile()) throw new SecretsFileError(`${this.path} is not a file.`);
    const mode = stat.mode & 0o777;
    if ((mode & 0o077) !== 0) {
      const shown = mode.toString(8).padStart(4, '0');
      throw new SecretsFileError(`${this.path} is open to others (mode ${shown}). Run: chmod 600 ${this.path}`);
    }
    return { values: this.parse(this.text()), changedAt: stat.mtimeMs };
  }

  /** Sets one secret; the others stay as they are. The file is whole at every moment. */
  set(name: string, value: string): void {
    const all = Object.fromEntries([...this.read().values, [name, value]]);
    const parsed = Secrets.safeParse(all);
    if (!parsed.success) throw new SecretsFileError(this.words(parsed.error));
    const unfinished = `${this.path}.unfinished`;
    writeFileSync(unfinished, `${JSON.stringify(parsed.data, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(unfinished, this.path);
  }

  private text(): string {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (cause) {
      throw new SecretsFileError(`${this.path} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  private parse(text: string): ReadonlyMap<string, string> {
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch {
      // The parser's own words quote the text.
      throw new SecretsFileError(`${this.path} is not valid JSON. It is to hold { "<name>": "<value>", … }.`);
    }
    const { success, data, error } = Secrets.safeParse(content);
    if (!success) throw new SecretsFileError(this.words(error));
    return new Map(Object.entries(data));
  }

  private words({ issues }: z.ZodError): string {
    const faults = issues.map((issue) => {
      const message =
        issue.code === 'invalid_key' ? issue.issues.map((inner) => inner.message).join(', ') : issue.message;
      return issue.path.length === 0
        ? 'it is to hold { "<name>": "<value>", … }'
        : `'${issue.path.join('.')}' ${message}`;
    });
    return `${this.path} cannot be used: ${faults.join('; ')}.`;
  }
}
