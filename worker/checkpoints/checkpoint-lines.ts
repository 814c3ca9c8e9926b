import type { Stats } from 'node:fs';
import { z } from 'zod';
import { Manifest, ManifestFile } from '../../core/manifest.ts';
import { type EntryKind, MAX_PATH_BYTES } from '../pack/workspace-walk.ts';

const EntryKinds = z.enum(['file', 'link', 'folder']);

/** What is told is kept, so all of it has its limit. A path may come in base 64, and with one name more than is saved. */
const PathText = z.string().max(2 * MAX_PATH_BYTES);
const Path = { path: PathText.min(1), pathEncoding: z.literal('base64').optional() };
const Mark = z.string().max(200);
const Skipped = Manifest.shape.skipped.element.extend({ path: PathText, reason: z.string().max(1_000) });

/** An entry of the workspace as it was seen; of folders and links, `size` is 0. */
const Seen = z.strictObject({
  ...Path,
  kind: EntryKinds,
  size: z.int().min(0),
  mark: Mark,
});

/**
 * What the child tells the worker on descriptor 3, one of these a line: everything that it sees, then `surveyed`; and when
 * it was asked for an archive, everything that it stores, then `end`. Both times also what is left out.
 */
export const CheckpointLine = z.union([
  z.strictObject({ seen: Seen }),
  z.strictObject({ surveyed: z.literal(true) }),
  z.strictObject({ file: ManifestFile.extend(Path), mark: Mark }),
  z.strictObject({ folder: z.strictObject(Path), mark: Mark }),
  z.strictObject({ skipped: Skipped }),
  z.strictObject({ end: z.literal(true) }),
]);
export type CheckpointLine = z.infer<typeof CheckpointLine>;

/** An entry that is wished for, as it was seen: one that is of another kind by then is not meant. */
export interface WishedEntry {
  readonly kind: EntryKind;
  /** Bytes of a file. */
  readonly size: number;
}

/** What the worker asks of the child: these entries in an archive. */
export interface CheckpointWish {
  /** By path as text of one character a byte. */
  readonly entries: ReadonlyMap<string, WishedEntry>;
  /** Bytes that the files may grow by, all together. */
  readonly slack: number;
}

/** `<slack> NUL (<kind>:<size>:<path> NUL)…`: a path may hold anything but NUL. */
export function writeWish({ entries, slack }: CheckpointWish): Buffer {
  const parts = [...entries].map(([path, { kind, size }]) => `${kind}:${size}:${path}`);
  return Buffer.from([slack, ...parts, ''].join('\0'), 'latin1');
}

/** Nothing where nothing is wished for. */
export function readWish(bytes: Buffer): CheckpointWish | undefined {
  const [slack, ...parts] = bytes.toString('latin1').split('\0').slice(0, -1);
  if (slack === undefined) return undefined;
  const entries = parts.map((part): [string, WishedEntry] => {
    const [kind = '', size = ''] = part.split(':', 2);
    return [part.slice(kind.length + size.length + 2), { kind: EntryKinds.parse(kind), size: Number(size) }];
  });
  return { entries: new Map(entries), slack: Number(slack) };
}

/** Milliseconds within which two changes can leave the same times: the kernel's clock ticks every 10. */
const UNSURE_MS = 1_000;

/**
 * By what a file or link is known again: who changes it changes one of these, and nobody but root can set `ctime` back. A
 * folder is known by its mode: what lies in it has entries of its own.
 */
export function markOf(facts: Stats): string {
  if (facts.isDirectory()) return String(facts.mode);
  return `${facts.size} ${facts.mtimeMs} ${facts.ctimeMs} ${facts.ino}`;
}

/** The mark of a file that is read now; none where a change during the reading might not show. */
export function markOfRead(facts: Stats): string {
  return Date.now() - facts.ctimeMs < UNSURE_MS ? '' : markOf(facts);
}
