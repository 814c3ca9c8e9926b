import { join } from 'node:path';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { type Manifest, outputSize } from '../../core/manifest.ts';
import type { WorkerResult } from '../../core/worker-result.ts';
import type { AgentRooms } from '../agent/agent-rooms.ts';
import { CappedLog } from '../agent/capped-log.ts';
import { Checkpoints } from '../checkpoints/checkpoints.ts';
import { wordsOf } from '../error-words.ts';
import { IGNORE_FILE } from '../pack/ignore-rules.ts';
import { inPersistentWorkspace } from '../persistent/held-workspace.ts';
import { changesPatch } from '../repository/changes-patch.ts';
import { packWorkspace } from '../upload/packed-workspace.ts';
import { uploadOutput } from '../upload/upload-output.ts';
import { attemptResult, resultOf } from './attempt-result.ts';
import type { AttemptEnd } from './attempt-work.ts';
import type { BegunAttempt } from './begun-attempt.ts';
import { failedToStart } from './ending.ts';
import { type AttemptRun, runToEnding } from './run-to-ending.ts';

/** Of the two minutes that whoever stops an ECS task waits; the rest is for all of the output. */
const LAST_CHECKPOINT_MS = 60_000;

/** Runs the agent and uploads, whatever happens. The attempt is ours by now, and nobody else's. */
export async function runBehindFence(begun: BegunAttempt): Promise<AttemptEnd> {
  try {
    return await (begun.spec.workspaceMode === 'persistent'
      ? inPersistentWorkspace(begun, runInRooms)
      : runInRooms(begun));
  } catch (error) {
    return { exitCode: await saveFailure(begun, wordsOf(error)), stopped: false };
  }
}

async function runInRooms(begun: BegunAttempt): Promise<AttemptEnd> {
  const rooms = await begun.openRooms();
  const output = await CappedLog.create(join(rooms.base, 'output.log'));
  const checkpoints = new Checkpoints({ intervalMs: begun.checkpointMs, say: (line) => begun.log.say(line) });
  try {
    const run = withLoss(begun, await runToEnding(begun, rooms, output, checkpoints));
    const result = attemptResult(begun, run);
    const stopped = result.endedBy === 'stop';
    if (!stopped) checkpoints.interrupt();
    // What is new since the last checkpoint is sooner in S3 than all of the workspace; log and result wait for neither.
    const workspaceTurn = stopped ? checkpoints.takeLast(LAST_CHECKPOINT_MS) : Promise.resolve();
    const uploaded = await upload(begun, rooms, run, { output, result, workspaceTurn });
    await checkpoints.end();
    if (uploaded === 'presented') await checkpoints.discard();
    return { exitCode: uploaded ? run.ending.containerExit : WORKER_EXIT.uploadFailed, stopped };
  } finally {
    await checkpoints.end();
    await output.close();
  }
}

/** A stop that came of the workspace's loss, and not from outside. */
function withLoss({ held }: BegunAttempt, run: AttemptRun): AttemptRun {
  const reason = run.ending.result.endedBy === 'stop' ? held?.lostBecause() : undefined;
  return reason === undefined ? run : { ...run, ending: failedToStart(reason, false) };
}

/** The machine failed us: what can still be said is why. */
async function saveFailure(begun: BegunAttempt, reason: string): Promise<number> {
  begun.log.say(reason);
  try {
    await begun.bucketOf(begun.attempt).putJson('result', resultOf(begun, { endedBy: 'worker', reason }));
    return 1;
  } catch (error) {
    begun.log.say(`The result cannot be uploaded: ${wordsOf(error)}`);
    return WORKER_EXIT.uploadFailed;
  }
}

interface Upload {
  readonly output: CappedLog;
  readonly result: WorkerResult;
  /** Resolves when the workspace may be read. */
  readonly workspaceTurn: Promise<void>;
}

/** Whether the output is in S3, and then whether it is what this worker has uploaded. */
async function upload(
  { log, programs, user, bucketOf, attempt, maxOutputBytes: maxBytes }: BegunAttempt,
  { workspace, base: folder }: AgentRooms,
  { workspace: { base } }: AttemptRun,
  { output, result, workspaceTurn }: Upload,
): Promise<'presented' | 'there-already' | undefined> {
  const pack = () => packWorkspace({ program: programs.pack, workspace, user, maxBytes });
  const makePatch = base && (() => changesPatch({ program: programs.patch, base, workspace, folder, user }));
  try {
    const { manifest, isPresented } = await uploadOutput({
      bucket: bucketOf(attempt),
      packWorkspace: () => after(workspaceTurn, pack),
      ...(makePatch && { makePatch: () => after(workspaceTurn, makePatch) }),
      output,
      result,
      log,
    });
    log.say(`Uploaded ${inWords(manifest)}.`);
    const ignore = manifest.skipped.find(({ path }) => path === IGNORE_FILE.toString());
    if (ignore !== undefined) log.say(`${ignore.path} ${ignore.reason}.`);
    if (isPresented) return 'presented';
    log.say('There was a manifest already, which stays: of a checkpoint, or our own.');
    return 'there-already';
  } catch (error) {
    log.say(`The output cannot be uploaded: ${wordsOf(error)}`);
    return undefined;
  }
}

/** Begins then. */
async function* after<Part, End>(
  turn: Promise<void>,
  make: () => AsyncGenerator<Part, End>,
): AsyncGenerator<Part, End> {
  await turn;
  return yield* make();
}

function inWords(manifest: Manifest): string {
  const { fileCount } = outputSize(manifest);
  const leftOut = manifest.skipped.length + (manifest.unlisted?.skipped ?? 0);
  return `${fileCount} ${fileCount === 1 ? 'file' : 'files'}${leftOut > 0 ? `, left out ${leftOut}` : ''}`;
}
