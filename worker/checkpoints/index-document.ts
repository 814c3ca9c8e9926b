import type { AttemptRef } from '../../core/ids.ts';
import { MAX_MANIFEST_BYTES, type ManifestFile } from '../../core/manifest.ts';
import { namedPath } from '../pack/packed-file.ts';
import type { CheckpointState, KeptEntry } from './checkpoint-state.ts';

/** Bytes that are made into one piece, so that the document of 100,000 files is never in memory as a whole. */
const PIECE_CHARACTERS = 64 * 1024;

/**
 * The index of a checkpoint: a `Manifest`, piece by piece. Throws where it would be longer than what is read of a manifest.
 *
 * @param takenAt when the workspace began to be looked at
 */
export function* indexDocument(attempt: AttemptRef, state: CheckpointState, takenAt: string): Generator<Buffer> {
  const { dispatchId, attempt: number } = attempt;
  const { log, skipped } = state;
  const objects = [...state.archives.values(), ...(log === undefined ? [] : [log])].map(({ object }) => object);
  const head = { version: 1, dispatchId, attempt: number, createdAt: new Date().toISOString(), objects, skipped };
  let bytes = 0;
  let piece = `${JSON.stringify(head).slice(0, -1)},"files":`;
  const write = function* (text: string): Generator<Buffer> {
    piece += text;
    if (piece.length < PIECE_CHARACTERS) return;
    const content = Buffer.from(piece);
    bytes += content.length;
    if (bytes > MAX_MANIFEST_BYTES - 2 * PIECE_CHARACTERS) throw new Error('It has too many files to be listed.');
    yield content;
    piece = '';
  };
  for (const text of listOf(files(state))) yield* write(text);
  yield* write(`,"checkpoint":{"takenAt":${JSON.stringify(takenAt)},"removed":`);
  for (const text of listOf(removed(state))) yield* write(text);
  yield Buffer.from(`${piece}}}\n`);
}

function* files({ entries, archives }: CheckpointState): Generator<ManifestFile> {
  for (const [key, entry] of entries) {
    const object = archives.get(entry.archive)?.object.name;
    if (entry.kind !== 'folder' && object !== undefined) yield fileOf(key, entry, entry.kind, object);
  }
}

function fileOf(key: string, entry: KeptEntry, type: ManifestFile['type'], object: string): ManifestFile {
  const { size, sha256, executable } = entry;
  return { ...named(key), type, size, sha256, ...(executable ? { executable } : {}), object };
}

function* removed({ gone }: CheckpointState): Generator<{ path: string }> {
  for (const key of gone.keys()) yield named(key);
}

function named(key: string) {
  return namedPath(Buffer.from(key, 'latin1'));
}

function* listOf(items: Iterable<unknown>): Generator<string> {
  let before = '[';
  for (const item of items) {
    yield `${before}${JSON.stringify(item)}`;
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}
