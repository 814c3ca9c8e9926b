import type { AttemptRef } from '../../core/ids.ts';
import { MAX_MANIFEST_BYTES, type ManifestFile } from '../../core/manifest.ts';
import { namedPath } from '../pack/packed-file.ts';
import { jsonPieces } from '../upload/json-pieces.ts';
import type { CheckpointState, KeptEntry } from './checkpoint-state.ts';

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
  const checkpoint = { takenAt, removed: removed(state) };
  let bytes = 0;
  for (const piece of jsonPieces({ ...head, files: files(state), checkpoint })) {
    bytes += piece.length;
    if (bytes > MAX_MANIFEST_BYTES) throw new Error('It has too many files to be listed.');
    yield piece;
  }
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
