import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A data folder that cannot be used, in words for the person who named it. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** The folder in which everything of one embedded AWS lies, and which one process at a time may use. */
export interface DataFolder {
  readonly path: string;
  /** A folder within, which is there. */
  folder(name: string): string;
  /** Lets another process use it. */
  release(): void;
}

/** @throws DataFolderError where the folder cannot be made, cannot be written, or is in use */
export function openDataFolder(name: string): DataFolder {
  const path = resolve(name);
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'EACCES' ? 'it is not writable' : (cause as Error).message;
    throw new DataFolderError(`The data folder ${path} cannot be used: ${why}. Name another with --data.`, { cause });
  }
  const lock = join(path, 'in-use');
  takeLock(lock, path);
  return {
    path,
    folder: (inner) => {
      mkdirSync(join(path, inner), { recursive: true });
      return join(path, inner);
    },
    release: () => rmSync(lock, { force: true }),
  };
}

/** Level by level: Node's own recursion never ends where a folder that is there cannot hold another, as in `/proc`. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function takeLock(lock: string, path: string): void {
  const mine = processMark(process.pid);
  try {
    writeFileSync(lock, mine, { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new DataFolderError(`The data folder ${path} cannot be written: ${(cause as Error).message}.`, { cause });
    }
    const holder = readFileSync(lock, 'utf8');
    const pid = Number.parseInt(holder, 10);
    if (isAlive(pid) && processMark(pid) === holder) {
      throw new DataFolderError(
        `The data folder ${path} is in use by process ${pid}. Stop that one, or name another folder with --data.`,
      );
    }
    rmSync(lock, { force: true });
    takeLock(lock, path);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The pid and, where the system tells it, the process's start time: a pid alone may belong to another by now. */
function processMark(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[20]}`;
  } catch {
    return `${pid}`;
  }
}
