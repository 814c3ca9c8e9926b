import { shownPath } from './shown-text.ts';
import type { WorkspaceEntry, WorkspaceListing } from './workspace-files.ts';

/** A list that fits, and how many entries are in it. */
export interface FileList {
  readonly text: string;
  readonly listed: number;
}

/** Room for the line that says how many are missing. */
const MORE_LENGTH = 32;

/** Every file by its path, one a line, within so many characters. Deep ones are left out first. */
export function flatList(listing: WorkspaceListing, characters: number): FileList {
  const files = listing.entries.filter(({ kind }) => kind !== 'folder');
  return listOf(
    files,
    listing,
    characters,
    ({ path, kind }) => `${shownPath(path)}${kind === 'link' ? ' (link)' : ''}`,
  );
}

/** Folders and files as a tree, within so many characters. Deep ones are left out first. */
export function treeList(listing: WorkspaceListing, characters: number): FileList {
  const marks = { file: '', folder: '/', link: ' (link)', other: ' (no file)' } as const;
  return listOf(listing.entries, listing, characters, ({ path, kind, depth }) => {
    const name = path.subarray(path.lastIndexOf('/') + 1);
    return `${'  '.repeat(Math.min(depth, 20) - 1)}${shownPath(name)}${marks[kind]}`;
  });
}

/** Entries come the upper ones first: of a tree, a folder comes before what is in it. */
function listOf(
  entries: readonly WorkspaceEntry[],
  { isComplete }: WorkspaceListing,
  characters: number,
  lineOf: (entry: WorkspaceEntry) => string,
): FileList {
  const lines = entries.map((entry) => ({ entry, line: `${lineOf(entry)}\n` }));
  const whole = lines.reduce((sum, { line }) => sum + line.length, 0);
  const room = whole <= characters && isComplete ? characters : characters - MORE_LENGTH;
  let used = 0;
  const fitting = lines.filter(({ line }) => {
    used += line.length;
    return used <= room;
  });
  const missing = entries.length - fitting.length;
  const kept = fitting.sort((a, b) => compare(a.entry, b.entry)).map(({ line }) => line);
  const more = missing > 0 || !isComplete ? [`… and ${isComplete ? '' : 'more than '}${missing} more\n`] : [];
  return { text: [...kept, ...more].join(''), listed: fitting.length };
}

/** A folder's content directly below it. */
function compare(a: WorkspaceEntry, b: WorkspaceEntry): number {
  const [left, right] = [a, b].map(({ path }) => path.map((byte) => (byte === 0x2f ? 0 : byte)));
  return Buffer.compare(left ?? a.path, right ?? b.path);
}
