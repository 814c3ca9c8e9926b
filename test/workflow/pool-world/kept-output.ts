import { createHash } from 'node:crypto';
import { ARTIFACTS, type Artifact, artifactKey } from '../../../core/artifact-keys.ts';
import type { AttemptRef } from '../../../core/ids.ts';
import { Manifest, type ManifestObject } from '../../../core/manifest.ts';
import { WorkerResult } from '../../../core/worker-result.ts';
import type { OutputBucket } from '../../../worker/upload/attempt-bucket.ts';

/** The artifacts bucket, as far as an outcome depends on it: documents as text, and of the rest that it is there. */
export class KeptOutput {
  readonly #objects = new Map<string, string>();

  bucketOf(attempt: AttemptRef): OutputBucket {
    return {
      put: async (artifact, source) =>
        this.#put(attempt, artifact, artifact === 'manifest' ? await textOf(source) : ''),
      putJson: async (artifact, document) => this.#put(attempt, artifact, JSON.stringify(document)),
      // No run here is long enough for a checkpoint.
      putObject: () => Promise.reject(new Error('There was to be no checkpoint.')),
      removeObject: () => Promise.reject(new Error('There was to be no checkpoint.')),
      hasManifest: () => Promise.reject(new Error('There was to be no checkpoint.')),
    };
  }

  async getResult(attempt: AttemptRef) {
    const text = this.#objects.get(artifactKey(attempt, 'result'));
    return text === undefined ? undefined : { valid: true as const, content: WorkerResult.parse(JSON.parse(text)) };
  }

  async getManifest(attempt: AttemptRef) {
    const text = this.#objects.get(artifactKey(attempt, 'manifest'));
    return text === undefined ? undefined : { valid: true as const, content: Manifest.parse(JSON.parse(text)) };
  }

  async getCheckpoint() {
    return undefined;
  }

  async putManifest(): Promise<boolean> {
    throw new Error('There was no checkpoint to present.');
  }

  async head(key: string) {
    const text = this.#objects.get(key);
    return text === undefined ? undefined : { size: text.length };
  }

  #put(attempt: AttemptRef, artifact: Artifact, text: string): ManifestObject {
    this.#objects.set(artifactKey(attempt, artifact), text);
    return { name: ARTIFACTS[artifact], size: text.length, sha256: createHash('sha256').update(text).digest('hex') };
  }
}

async function textOf(source: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of source) text += chunk.toString('utf8');
  return text;
}
