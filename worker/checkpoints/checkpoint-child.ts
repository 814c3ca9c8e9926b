import { MAX_MANIFEST_BYTES, type Manifest } from '../../core/manifest.ts';
import { type RunningChild, startChild, type WorkspaceChild } from '../pack/running-child.ts';
import type { EntryKind } from '../pack/workspace-walk.ts';
import { mostArchiveBytes } from './archive-bytes.ts';
import { CheckpointLine, type CheckpointWish, writeWish } from './checkpoint-lines.ts';

export type Skipped = Manifest['skipped'][number];

/** An entry of the workspace as it was seen. */
export interface SeenEntry {
  readonly kind: EntryKind;
  /** Bytes of a file. */
  readonly size: number;
  /** Another one tells of a change. */
  readonly mark: string;
}

/** An entry as it was stored. */
export interface StoredEntry extends SeenEntry {
  /** Empty for a folder. */
  readonly sha256: string;
  readonly executable: boolean;
}

/** What lay in the workspace, a folder before what lies in it. Paths are text of one character a byte (`latin1`). */
export interface Survey {
  readonly entries: ReadonlyMap<string, SeenEntry>;
  readonly skipped: ReadonlyMap<string, Skipped>;
}

export interface PackedEntries {
  readonly stored: ReadonlyMap<string, StoredEntry>;
  readonly skipped: ReadonlyMap<string, Skipped>;
}

/** Entries of a workspace at the most: a manifest with more of them is not read either. */
const MAX_ENTRIES = 300_000;
/** Characters that are kept of what one child tells, of a survey and of what is stored of it: an index holds no more. */
const MAX_CHARACTERS = 2 * MAX_MANIFEST_BYTES;
const NOTHING = Buffer.alloc(0);

/**
 * The child that looks at the workspace, and packs what is asked for. The agent runs beside it as the same user, and can
 * do with it as it likes: what it tells is held against what a workspace can be.
 */
export class CheckpointChild {
  private readonly running: RunningChild;
  private characters = 0;

  constructor(private readonly child: WorkspaceChild) {
    this.running = startChild(child);
  }

  async survey(): Promise<Survey> {
    const entries = new Map<string, SeenEntry>();
    const skipped = new Map<string, Skipped>();
    for (;;) {
      const line = await this.nextLine();
      if ('surveyed' in line) return { entries, skipped };
      if ('skipped' in line) this.noteSkipped(skipped, line.skipped);
      else if ('seen' in line) this.note(entries, line.seen);
      else throw this.unexpected();
      if (entries.size + skipped.size > MAX_ENTRIES) throw new Error(`There are more than ${MAX_ENTRIES} files.`);
    }
  }

  /** The archive as it is made; returns what is in it. */
  async *pack(wish: CheckpointWish): AsyncGenerator<Buffer, PackedEntries> {
    this.running.give(writeWish(wish));
    const packed = this.readPacked(wish);
    // What it should not have told ends it: nobody would read the rest, so it would not end by itself.
    packed.catch((error: Error) => this.running.end(error));
    const most = mostArchiveBytes(wish.entries, wish.slack);
    let bytes = 0;
    for await (const chunk of this.running.stdout) {
      bytes += chunk.length;
      if (bytes > most) throw this.tooLong();
      yield chunk;
    }
    const [entries] = await Promise.all([packed, this.running.ended]);
    if (bytes > mostArchiveBytes(entries.stored)) throw this.tooLong();
    return entries;
  }

  /** Asks for nothing. */
  async dismiss(): Promise<void> {
    this.running.give(NOTHING);
    for await (const _ of this.running.stdout) throw this.unexpected();
    await Promise.all([this.noMoreLines(), this.running.ended]);
  }

  /** To be called whatever happens. */
  end(): void {
    this.running.end();
  }

  private note(
    entries: Map<string, SeenEntry>,
    { kind, size, mark, ...path }: SeenEntry & Parameters<typeof keyOf>[0],
  ): void {
    const key = keyOf(path);
    if (!isInside(key, entries) || entries.has(key)) throw this.unexpected();
    this.keep(key, mark);
    entries.set(key, { kind, size: kind === 'file' ? size : 0, mark });
  }

  private noteSkipped(skipped: Map<string, Skipped>, entry: Skipped): void {
    this.keep(entry.path, entry.reason);
    skipped.set(keyOf(entry), entry);
  }

  private keep(...texts: readonly string[]): void {
    for (const { length } of texts) this.characters += length;
    if (this.characters > MAX_CHARACTERS) throw new Error('All its paths together are too long to be listed.');
  }

  private async readPacked({ entries, slack }: CheckpointWish): Promise<PackedEntries> {
    const stored = new Map<string, StoredEntry>();
    const skipped = new Map<string, Skipped>();
    let growth = 0;
    for (;;) {
      const line = await this.nextLine();
      if ('end' in line) break;
      if ('skipped' in line) this.noteSkipped(skipped, line.skipped);
      else if ('file' in line || 'folder' in line) {
        const key = keyOf('file' in line ? line.file : line.folder);
        const entry = storedEntry(line);
        const wished = entries.get(key);
        if (wished?.kind !== entry.kind || stored.has(key)) throw this.unexpected();
        growth += Math.max(0, entry.size - wished.size);
        if (growth > slack) throw this.tooLong();
        this.keep(key, entry.mark);
        stored.set(key, entry);
      } else throw this.unexpected();
      if (skipped.size > MAX_ENTRIES) throw this.unexpected();
    }
    await this.noMoreLines();
    return { stored, skipped };
  }

  private async noMoreLines(): Promise<void> {
    const { done } = await this.running.lines.next();
    if (!done) throw this.unexpected();
  }

  private async nextLine(): Promise<CheckpointLine> {
    const { value, done } = await this.running.lines.next();
    if (!done) return CheckpointLine.parse(JSON.parse(value));
    await this.running.ended;
    throw new Error(`${this.child.title} ended before it had told everything.`);
  }

  private unexpected(): Error {
    return new Error(`${this.child.title} told what it was not asked for.`);
  }

  private tooLong(): Error {
    return new Error(`${this.child.title} stores more than it was asked for.`);
  }
}

/** A path as text of one character a byte: takes half the memory, and any byte. */
function keyOf({
  path,
  pathEncoding,
}: {
  readonly path: string;
  readonly pathEncoding?: 'base64' | undefined;
}): string {
  return Buffer.from(path, pathEncoding ?? 'utf8').toString('latin1');
}

/** Whether the path is a plain one, of an entry in a folder that was seen before. */
function isInside(key: string, entries: ReadonlyMap<string, SeenEntry>): boolean {
  const slash = key.lastIndexOf('/');
  const name = key.slice(slash + 1);
  if (name === '' || name === '.' || name === '..' || key.includes('\0')) return false;
  return slash === -1 || entries.get(key.slice(0, slash))?.kind === 'folder';
}

function storedEntry(line: Extract<CheckpointLine, { mark: string }>): StoredEntry {
  const { mark } = line;
  if ('folder' in line) return { kind: 'folder', size: 0, mark, sha256: '', executable: false };
  const { type, size, sha256, executable = false } = line.file;
  return { kind: type, size: type === 'file' ? size : 0, mark, sha256, executable };
}
