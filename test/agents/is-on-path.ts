import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Not every CLI can be had on every machine. */
export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
