import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

/**
 * A file of JSON values, one a line, that only grows. What is appended is handed to the operating system before
 * `append` returns, so a kill of the process loses nothing of it; a line that was cut off in the middle is dropped.
 */
export class AppendFile<T> {
  readonly #descriptor: number;

  constructor(readonly path: string) {
    dropTornLine(path);
    this.#descriptor = openSync(path, 'a');
  }

  append(values: readonly T[]): void {
    writeSync(this.#descriptor, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  }

  read(): readonly T[] {
    const lines = readFileSync(this.path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Cuts off what comes after the last whole line. */
export function dropTornLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) truncateSync(path, whole);
}
