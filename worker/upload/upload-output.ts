import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Manifest } from '../../core/manifest.ts';
import type { WorkerResult } from '../../core/worker-result.ts';
import type { CappedLog } from '../agent/capped-log.ts';
import { wordsOf } from '../error-words.ts';
import type { ListedFiles } from '../pack/child-output.ts';
import type { WorkerLog } from '../worker-log.ts';
import { ManifestExistsError, type OutputBucket } from './attempt-bucket.ts';
import { jsonPieces } from './json-pieces.ts';

type Skipped = ListedFiles['skipped'];

export interface AttemptOutput {
  readonly bucket: Pick<OutputBucket, 'put' | 'putJson'>;
  /** Packs the workspace anew at each call. */
  packWorkspace(): AsyncGenerator<Buffer, ListedFiles>;
  /** Makes `changes.patch` anew at each call. @default there is no repository to have changed */
  makePatch?(): AsyncGenerator<Buffer, Skipped>;
  readonly output: CappedLog;
  readonly result: WorkerResult;
  readonly log: WorkerLog;
  /** Milliseconds before the second and the third try. @default [1000, 4000] */
  readonly pauses?: readonly number[];
}

export interface UploadedOutput {
  readonly manifest: Manifest;
  /** False where there was a manifest already: it stays as it is, and so does all that it names. */
  readonly isPresented: boolean;
}

/**
 * Uploads the archive, the patch, the log, the result, and last the manifest that names them: where it is, everything is.
 * What fails is tried three times, on top of the SDK's own tries. Each of them is saved even where another cannot be; then
 * there is no manifest, and the error is thrown. A patch that cannot be made is left out, and the manifest says why: an
 * agent can bring that about, and the archive holds the same work.
 */
export async function uploadOutput(attempt: AttemptOutput): Promise<UploadedOutput> {
  const { bucket, result } = attempt;
  const [packed, patched, log, saved] = await Promise.allSettled([
    persistently(attempt, () => putArchive(attempt)),
    persistently(attempt, () => putPatch(attempt)),
    persistently(attempt, () => bucket.put('log', attempt.output.read())),
    persistently(attempt, () => bucket.putJson('result', result)),
  ]);
  const archive = contentOf(packed);
  const patch = contentOf(patched);
  const manifest: Manifest = {
    version: 1,
    dispatchId: result.dispatchId,
    attempt: result.attempt,
    createdAt: new Date().toISOString(),
    files: archive.files,
    skipped: withoutRepeats([...archive.skipped, ...patch.skipped]),
    ...(archive.unlisted === undefined ? {} : { unlisted: archive.unlisted }),
    objects: [archive.object, ...patch.objects, contentOf(log), contentOf(saved)],
  };
  return { manifest, isPresented: await persistently(attempt, () => present(bucket, manifest)) };
}

/** Archive and patch may have the same to say of a file. */
function withoutRepeats(skipped: Skipped): Skipped {
  return [...new Map(skipped.map((one) => [JSON.stringify(one), one])).values()];
}

/** Whether the output is this manifest's from now on. */
async function present(bucket: AttemptOutput['bucket'], manifest: Manifest): Promise<boolean> {
  try {
    const lists = { files: manifest.files.values(), skipped: manifest.skipped.values() };
    await bucket.put('manifest', Readable.from(jsonPieces({ ...manifest, ...lists })));
    return true;
  } catch (error) {
    if (error instanceof ManifestExistsError) return false;
    throw error;
  }
}

async function putArchive({ bucket, packWorkspace }: AttemptOutput) {
  let packed: ListedFiles = { files: [], skipped: [] };
  const source = async function* () {
    packed = yield* packWorkspace();
  };
  const object = await bucket.put('archive', source());
  return { object, ...packed };
}

async function putPatch({ bucket, makePatch, log }: AttemptOutput) {
  if (makePatch === undefined) return { objects: [], skipped: [] };
  let skipped: Skipped = [];
  let broken: string | undefined;
  const source = async function* () {
    try {
      skipped = yield* makePatch();
    } catch (error) {
      broken = wordsOf(error);
      throw error;
    }
  };
  try {
    return { objects: [await bucket.put('patch', source())], skipped };
  } catch (error) {
    // What S3 refuses is tried again; what cannot be made would take its minute again.
    if (broken === undefined) throw error;
    log.say(`There is no changes.patch: ${broken}`);
    return {
      objects: [],
      skipped: [{ path: '.', reason: `is not in changes.patch, which cannot be made: ${broken}` }],
    };
  }
}

async function persistently<T>({ log, pauses = [1_000, 4_000] }: AttemptOutput, step: () => Promise<T>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await step();
    } catch (error) {
      log.say(`The upload failed and is tried again: ${wordsOf(error)}`);
      await delay(pause);
    }
  }
  return step();
}

function contentOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'fulfilled') return settled.value;
  throw settled.reason;
}
