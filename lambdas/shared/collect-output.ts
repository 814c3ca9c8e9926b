import { ARTIFACTS, isArchive, outputPrefix } from '../../core/artifact-keys.ts';
import type { AttemptRef } from '../../core/ids.ts';
import { type Manifest, type ManifestObject, outputSize } from '../../core/manifest.ts';
import type { Outcome, OutputFacts } from '../../core/outcome.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { DispatchStore } from './dispatch-store.ts';
import type { Document } from './s3-document.ts';

export interface CollectCollaborators {
  readonly dispatches: Pick<DispatchStore, 'beginCompleting'>;
  readonly artifacts: Pick<ArtifactStore, 'getManifest' | 'getCheckpoint' | 'putManifest' | 'head'>;
  readonly now: () => Date;
}

/**
 * Enters COMPLETING and holds the attempt's manifest against S3; where there is none, the last checkpoint becomes it. The
 * outcome gets its output where everything that the manifest names is there. SUCCESS without an output of its own is
 * FAILED, and any other outcome says what of its output is missing, or that it is a checkpoint.
 */
export async function collectOutput(
  { dispatches, artifacts, now }: CollectCollaborators,
  ref: AttemptRef,
  outcome: Outcome,
): Promise<Outcome> {
  const completing = await dispatches.beginCompleting(ref, outcome, now().toISOString());
  const verified = await verifyOutput(artifacts, ref);
  const judged = outcome.status === 'SUCCESS' ? judge(outcome, completing, verified) : outcome;
  if (verified === undefined) return judged;
  if ('fault' in verified) return judged === outcome ? withWords(outcome, `Its output ${verified.fault}.`) : judged;
  const { output } = verified;
  if (!completing && outcome.status === 'SUCCESS') return judged;
  const { checkpointAt } = output;
  return { ...(checkpointAt === undefined ? judged : withWords(judged, checkpointWords(checkpointAt))), output };
}

type Verified = { readonly output: OutputFacts } | { readonly fault: string };

/** SUCCESS, if that can be believed; or else FAILED. */
function judge(outcome: Outcome, completing: boolean, verified: Verified | undefined): Outcome {
  const failed = (what: string): Outcome => ({
    ...outcome,
    status: 'FAILED',
    reason: `The agent finished, but ${what}.`,
  });
  if (!completing) return failed('its attempt was no longer running');
  if (verified === undefined) return failed('its output is not in S3');
  if ('fault' in verified) return failed(`its output ${verified.fault}`);
  return verified.output.checkpointAt === undefined ? outcome : failed('its output is not in S3');
}

function checkpointWords(takenAt: string): string {
  return `The output is the checkpoint of ${takenAt}: what was written later is lost.`;
}

function withWords(outcome: Outcome, words: string): Outcome {
  return { ...outcome, reason: `${outcome.reason ?? ''} ${words}`.trim() };
}

/** `undefined` where there is no manifest: it is written last, so an upload that broke off has none. */
async function verifyOutput(
  artifacts: CollectCollaborators['artifacts'],
  ref: AttemptRef,
): Promise<Verified | undefined> {
  const manifest = (await artifacts.getManifest(ref)) ?? (await presentCheckpoint(artifacts, ref));
  if (!manifest) return undefined;
  if (!manifest.valid) return { fault: `has a broken manifest: ${manifest.reason}` };
  const { dispatchId, attempt, objects, checkpoint } = manifest.content;
  if (dispatchId !== ref.dispatchId || attempt !== ref.attempt) return { fault: 'has the manifest of another attempt' };
  const missing = missingArchive(manifest.content);
  if (missing !== undefined) return { fault: `has files but no ${missing}` };
  const faults = await Promise.all(objects.map((object) => faultOf(artifacts, ref, object)));
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length > 0) return { fault: `is incomplete: ${found.join(', ')}` };
  const checkpointAt = checkpoint?.takenAt;
  const facts = { outputKey: outputPrefix(ref), ...outputSize(manifest.content) };
  return { output: { ...facts, ...(checkpointAt === undefined ? {} : { checkpointAt }) } };
}

/**
 * Makes the index of the last checkpoint the manifest. Whoever puts a manifest first, we or a worker that still lives, has
 * it; what that one says is the output.
 */
async function presentCheckpoint(
  artifacts: CollectCollaborators['artifacts'],
  ref: AttemptRef,
): Promise<Document<Manifest> | undefined> {
  const index = await artifacts.getCheckpoint(ref);
  if (index?.valid && (await artifacts.putManifest(ref, index.content))) return index;
  // A worker that had uploaded all of it meanwhile has removed its checkpoints.
  return (await artifacts.getManifest(ref)) ?? index;
}

/** An archive in which files lie and that is not among the objects. */
function missingArchive({ files, objects }: Manifest): string | undefined {
  const archives = new Set(objects.map(({ name }) => name).filter(isArchive));
  const file = files.find(({ object = ARTIFACTS.archive }) => !archives.has(object));
  return file && (file.object ?? ARTIFACTS.archive);
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
