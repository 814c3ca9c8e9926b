import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** A program with its arguments, for `spawn`, and the folder to spawn it in. */
export interface PlacedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/**
 * What a command becomes so that it runs in a folder as the user of that identity. Node changes the folder before the
 * user, so root's rights would follow a link that somebody has put in the folder's place: `env` goes there as the user,
 * and becomes the program. It cannot say in our words that there is none, so that is to be asked first: `hasProgram`.
 */
export function inFolder(
  folder: string,
  { file, args }: Pick<PlacedCommand, 'file' | 'args'>,
  { uid }: { readonly uid?: number },
): PlacedCommand {
  if (uid === undefined) return { file, args, cwd: folder };
  return { file: '/usr/bin/env', args: ['-C', folder, '--', file, ...args], cwd: '/' };
}

/** Whether there is a program that this name starts in a folder, by the PATH given. */
export function hasProgram(folder: string, file: string, path: string): boolean {
  const places = file.includes('/') ? [file] : path.split(delimiter).map((entry) => resolve(folder, entry, file));
  return places.some((place) => isExecutable(resolve(folder, place)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // It is not there, or nothing that we may look at.
    return false;
  }
}
