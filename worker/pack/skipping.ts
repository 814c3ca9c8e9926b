import type { Stats } from 'node:fs';
import { namedPath, type PackLine } from './packed-file.ts';
import { ChangedError } from './safe-folder.ts';

/** Hears what becomes of an entry; of one that was stored, also what was true of it before it was read. */
export type Tell = (line: PackLine, facts?: Stats) => void;

/** What a step yields, or nothing where it failed: the path is then told as skipped. */
export function orSkip<T>(path: Buffer, tell: Tell, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    skip(path, tell, reasonOf(error));
    return undefined;
  }
}

export function skip(path: Buffer, tell: Tell, reason: string): void {
  tell({ skipped: { ...namedPath(path), reason } });
}

export const TOO_DEEP = 'lies too deep';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ENOENT: 'vanished before it was read',
  ELOOP: 'was swapped for a link while it was read',
  ENOTDIR: 'is not a folder any more',
  EMFILE: TOO_DEEP,
  ENAMETOOLONG: TOO_DEEP,
};

/** What the system's refusal means, in words; throws what is no refusal. */
export function reasonOf(error: unknown): string {
  if (error instanceof ChangedError) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) throw error;
  return REASONS[code] ?? `cannot be read: ${code}`;
}
