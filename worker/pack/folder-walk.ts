import type { SafeFolder } from './safe-folder.ts';

/** What a walk has come to. */
export interface Walked {
  /** The folder that it lies in, open until the walk goes on. */
  readonly folder: SafeFolder;
  readonly name: Buffer;
  /** Relative, with `/`. */
  readonly path: Buffer;
}

interface OpenFolder {
  readonly folder: SafeFolder;
  /** Empty, or the folder's path with a `/` at its end. */
  readonly prefix: Buffer;
  /** What is left to visit. */
  readonly names: Iterator<Buffer>;
}

/**
 * A walk through folders in the order of their paths' bytes, an outer one before what lies in it. No call within a call:
 * an agent can nest folders deeper than any stack.
 */
export class FolderWalk {
  private readonly open: OpenFolder[] = [];

  /**
   * Goes on with what lies in this folder, and closes it after that. Throws where it cannot be listed; it is closed then.
   *
   * @param path of the folder; none for the one that the paths begin in
   */
  enter(folder: SafeFolder, path?: Buffer): true {
    try {
      const names = withoutRepeats(folder.names()).values();
      const prefix = path === undefined ? Buffer.alloc(0) : Buffer.concat([path, SLASH]);
      this.open.push({ folder, prefix, names });
      return true;
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  /** What comes next, or nothing. */
  next(): Walked | undefined {
    for (let inner = this.open.at(-1); inner !== undefined; inner = this.open.at(-1)) {
      const { folder, prefix, names } = inner;
      const { value: name } = names.next();
      if (name !== undefined) return { folder, name, path: Buffer.concat([prefix, name]) };
      this.open.pop();
      folder.close();
    }
    return undefined;
  }

  /** To be called whatever happens. */
  end(): void {
    for (const { folder } of this.open.splice(0)) folder.close();
  }
}

const SLASH = Buffer.from('/');

/** A folder that is renamed in while it is read can name an entry twice. */
function withoutRepeats(names: readonly Buffer[]): Buffer[] {
  return [...new Map(names.map((name) => [name.toString('latin1'), name])).values()];
}
