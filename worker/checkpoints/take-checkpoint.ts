import { CHECKPOINT_INDEX, checkpointArchive, checkpointLog } from '../../core/artifact-keys.ts';
import type { AttemptRef } from '../../core/ids.ts';
import type { ManifestObject } from '../../core/manifest.ts';
import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import type { CappedLog } from '../agent/capped-log.ts';
import type { ChildProgram } from '../pack/running-child.ts';
import { CheckpointChild, type PackedEntries, type Survey } from './checkpoint-child.ts';
import { type CheckpointPlan, type CheckpointState, type PackedArchive, stateAfter } from './checkpoint-state.ts';
import { indexDocument } from './index-document.ts';
import { planCheckpoint } from './plan-checkpoint.ts';

/** Milliseconds that the child of one checkpoint may take: the agent can hold it. */
const CHILD_MS = 15 * 60_000;

/** The agent goes first. */
const NICENESS = 10;

/** Where the objects of checkpoints go. */
export interface CheckpointBucket {
  /** Uploads what comes, as it comes. Where the source or S3 fails, it throws, and there is no object. */
  putObject(
    name: string,
    contentType: string,
    source: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<ManifestObject>;
  removeObject(name: string): Promise<void>;
  /** Whether the attempt's output has been presented. */
  hasManifest(): Promise<boolean>;
}

export interface CheckpointJob {
  readonly attempt: AttemptRef;
  readonly bucket: CheckpointBucket;
  /** How this program is started again; its last argument is the workspace. */
  readonly program: ChildProgram;
  readonly workspace: string;
  readonly user: AgentUser;
  readonly output: Pick<CappedLog, 'written' | 'read'>;
  /** Of all files together. */
  readonly maxBytes: number;
}

/**
 * Takes one checkpoint: stores what has changed since the last one, and last the index that says what all of it consists
 * of. Resolves to what there is now, which is what there was where nothing has changed. Throws where it cannot be; the
 * last one stands then.
 *
 * @param number of no checkpoint before, whether that one came to be or not
 * @param stop ends the child that reads the workspace
 */
export async function takeCheckpoint(
  job: CheckpointJob,
  state: CheckpointState,
  number: number,
  stop: AbortSignal,
): Promise<CheckpointState> {
  const takenAt = new Date().toISOString();
  const saved = await saveWorkspace(job, state, number, stop);
  const after = await saveLog(job, saved, number);
  if (after === state) return state;
  await job.bucket.putObject(CHECKPOINT_INDEX, 'application/json', indexDocument(job.attempt, after, takenAt));
  return after;
}

async function saveWorkspace(
  job: CheckpointJob,
  state: CheckpointState,
  number: number,
  stop: AbortSignal,
): Promise<CheckpointState> {
  const { file, args } = job.program;
  const child = new CheckpointChild({
    title: 'The checkpoint',
    file,
    args: [...args, job.workspace],
    env: hostMarker(),
    user: job.user,
    timeoutMs: CHILD_MS,
    niceness: NICENESS,
    stop,
  });
  try {
    const survey = await child.survey();
    const plan = planCheckpoint(state, survey, job.maxBytes);
    if (plan.wanted.size > 0)
      return stateAfter(state, survey, plan, await saveArchive(job, number, child, survey, plan));
    await child.dismiss();
    return plan.isChange ? stateAfter(state, survey, plan) : state;
  } finally {
    child.end();
  }
}

async function saveArchive(
  { bucket }: CheckpointJob,
  number: number,
  child: CheckpointChild,
  survey: Survey,
  { wanted, slack }: CheckpointPlan,
): Promise<PackedArchive> {
  const entries = new Map([...survey.entries].filter(([key]) => wanted.has(key)));
  let packed: PackedEntries = { stored: new Map(), skipped: new Map() };
  const source = async function* () {
    packed = yield* child.pack({ entries, slack });
  };
  const object = await bucket.putObject(checkpointArchive(number), 'application/gzip', source());
  return { number, object, ...packed };
}

async function saveLog(
  { bucket, output }: CheckpointJob,
  state: CheckpointState,
  number: number,
): Promise<CheckpointState> {
  const { written } = output;
  if (written === (state.log?.written ?? 0)) return state;
  const object = await bucket.putObject(checkpointLog(number), 'text/plain; charset=utf-8', output.read());
  return { ...state, log: { object, written } };
}
