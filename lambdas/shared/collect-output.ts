import { ARTIFACTS, outputPrefix } from '../../core/artifact-keys.ts';
import type { AttemptRef } from '../../core/ids.ts';
import type { Manifest, ManifestObject } from '../../core/manifest.ts';
import type { Outcome, OutputFacts } from '../../core/outcome.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { DispatchStore } from './dispatch-store.ts';

export interface CollectCollaborators {
  readonly dispatches: Pick<DispatchStore, 'beginCompleting'>;
  readonly artifacts: Pick<ArtifactStore, 'getManifest' | 'head'>;
  readonly now: () => Date;
}

/**
 * Enters COMPLETING and holds the attempt's manifest against S3. The outcome gets its output where everything that the
 * manifest names is there; SUCCESS without that is FAILED, and any other outcome says what of its output is missing.
 */
export async function collectOutput(
  { dispatches, artifacts, now }: CollectCollaborators,
  ref: AttemptRef,
  outcome: Outcome,
): Promise<Outcome> {
  const completing = await dispatches.beginCompleting(ref, outcome, now().toISOString());
  const verified = await verifyOutput(artifacts, ref);
  if (outcome.status === 'SUCCESS') {
    if (!completing) return failed(outcome, 'The agent finished, but its attempt was no longer running');
    if (verified?.fault !== undefined) return failed(outcome, `The agent finished, but its output ${verified.fault}`);
    if (verified === undefined) return failed(outcome, 'The agent finished, but its output is not in S3');
  }
  if (verified === undefined) return outcome;
  if (verified.fault === undefined) return { ...outcome, output: verified.output };
  return { ...outcome, reason: `${outcome.reason ?? ''} Its output ${verified.fault}.`.trim() };
}

type Verified = { readonly output: OutputFacts; readonly fault?: undefined } | { readonly fault: string };

/** `undefined` where there is no manifest: it is written last, so an upload that broke off has none. */
async function verifyOutput(
  artifacts: CollectCollaborators['artifacts'],
  ref: AttemptRef,
): Promise<Verified | undefined> {
  const manifest = await artifacts.getManifest(ref);
  if (!manifest) return undefined;
  if (!manifest.valid) return { fault: `has a broken manifest: ${manifest.reason}` };
  const { dispatchId, attempt, files, objects } = manifest.content;
  if (dispatchId !== ref.dispatchId || attempt !== ref.attempt) return { fault: 'has the manifest of another attempt' };
  if (isWithoutArchive(manifest.content)) return { fault: `has files but no ${ARTIFACTS.archive}` };
  const faults = await Promise.all(objects.map((object) => faultOf(artifacts, ref, object)));
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length > 0) return { fault: `is incomplete: ${found.join(', ')}` };
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  return { output: { outputKey: outputPrefix(ref), fileCount: files.length, totalBytes } };
}

function isWithoutArchive({ files, objects }: Manifest): boolean {
  return files.length > 0 && !objects.some(({ name }) => name === ARTIFACTS.archive);
}

async function faultOf(
  artifacts: CollectCollaborators['artifacts'],
  ref: AttemptRef,
  { name, size }: ManifestObject,
): Promise<string | undefined> {
  const object = await artifacts.head(`${outputPrefix(ref)}${name}`);
  if (!object) return `${name} is missing`;
  return object.size === size ? undefined : `${name} has ${object.size} bytes instead of ${size}`;
}

function failed(outcome: Outcome, reason: string): Outcome {
  return { ...outcome, status: 'FAILED', reason: `${reason}.` };
}
