import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, type Stats } from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** macOS has no `/proc`; this flag of its `open` refuses links anywhere in the path instead. */
const O_NOFOLLOW_ANY = 0x2000_0000;
const NO_LINKS = process.platform === 'darwin' ? O_NOFOLLOW_ANY : O_NOFOLLOW;

/** Something that is no longer what it was a moment ago. */
export class ChangedError extends Error {
  override readonly name = 'ChangedError';

  constructor() {
    super('changed while it was read');
  }
}

/**
 * A folder that is held open. Everything in it is reached through its descriptor, so a folder further up that is
 * swapped for a link leads nowhere else. Nothing here follows a link, or waits for a pipe.
 */
export class SafeFolder {
  private constructor(
    private readonly path: Buffer,
    private readonly fd: number,
  ) {}

  static open(path: Buffer): SafeFolder {
    return new SafeFolder(path, openSync(path, O_RDONLY | O_DIRECTORY | NO_LINKS));
  }

  /** Names and whether each is a folder, by their bytes as if every folder's name ended in `/`: as whole paths sort. */
  names(): Buffer[] {
    const entries = readdirSync(this.anchor(), { encoding: 'buffer', withFileTypes: true });
    return entries
      .map((entry) => ({
        name: entry.name,
        sortedBy: entry.isDirectory() ? Buffer.concat([entry.name, SLASH]) : entry.name,
      }))
      .sort((a, b) => Buffer.compare(a.sortedBy, b.sortedBy))
      .map(({ name }) => name);
  }

  facts(name: Buffer): Stats {
    return lstatSync(this.within(name));
  }

  openFolder(name: Buffer): SafeFolder {
    return SafeFolder.open(this.within(name));
  }

  /** Opens a regular file. Returns its descriptor and what is true of that very file. */
  openFile(name: Buffer): { fd: number; facts: Stats } {
    const fd = openSync(this.within(name), O_RDONLY | O_NONBLOCK | NO_LINKS);
    const facts = fstatSync(fd);
    if (facts.isFile()) return { fd, facts };
    closeSync(fd);
    throw new ChangedError();
  }

  readLink(name: Buffer): Buffer {
    return readlinkSync(this.within(name), { encoding: 'buffer' });
  }

  close(): void {
    closeSync(this.fd);
  }

  private anchor(): Buffer {
    return process.platform === 'linux' ? Buffer.from(`/proc/self/fd/${this.fd}`) : this.path;
  }

  private within(name: Buffer): Buffer {
    return Buffer.concat([this.anchor(), SLASH, name]);
  }
}

const SLASH = Buffer.from('/');
