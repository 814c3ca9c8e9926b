import { setTimeout as delay } from 'node:timers/promises';
import type { Manifest } from '../../core/manifest.ts';
import type { WorkerResult } from '../../core/worker-result.ts';
import type { CappedLog } from '../agent/capped-log.ts';
import type { WorkerLog } from '../worker-log.ts';
import type { OutputBucket } from './attempt-bucket.ts';
import type { PackedFiles } from './packed-workspace.ts';

export interface AttemptOutput {
  readonly bucket: OutputBucket;
  /** Packs the workspace anew at each call. */
  packWorkspace(): AsyncGenerator<Buffer, PackedFiles>;
  readonly output: CappedLog;
  readonly result: WorkerResult;
  readonly log: WorkerLog;
  /** Milliseconds before the second and the third try. @default [1000, 4000] */
  readonly pauses?: readonly number[];
}

/**
 * Uploads the archive, the log, the result, and last the manifest that names them: where it is, everything is. What
 * fails is tried three times, on top of the SDK's own tries. Each of them is saved even where another cannot be; then
 * there is no manifest, and the error is thrown.
 */
export async function uploadOutput(attempt: AttemptOutput): Promise<Manifest> {
  const { bucket, result } = attempt;
  const [packed, log, saved] = await Promise.allSettled([
    persistently(attempt, () => putArchive(attempt)),
    persistently(attempt, () => bucket.put('log', attempt.output.read())),
    persistently(attempt, () => bucket.putJson('result', result)),
  ]);
  const archive = contentOf(packed);
  const manifest: Manifest = {
    version: 1,
    dispatchId: result.dispatchId,
    attempt: result.attempt,
    createdAt: new Date().toISOString(),
    files: archive.files,
    skipped: archive.skipped,
    objects: [archive.object, contentOf(log), contentOf(saved)],
  };
  await persistently(attempt, () => bucket.putJson('manifest', manifest));
  return manifest;
}

async function putArchive({ bucket, packWorkspace }: AttemptOutput) {
  let packed: PackedFiles = { files: [], skipped: [] };
  const source = async function* () {
    packed = yield* packWorkspace();
  };
  const object = await bucket.put('archive', source());
  return { object, ...packed };
}

async function persistently<T>({ log, pauses = [1_000, 4_000] }: AttemptOutput, step: () => Promise<T>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await step();
    } catch (error) {
      log.say(`The upload failed and is tried again: ${error instanceof Error ? error.message : String(error)}`);
      await delay(pause);
    }
  }
  return step();
}

function contentOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'fulfilled') return settled.value;
  throw settled.reason;
}
