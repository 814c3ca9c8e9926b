import { join } from 'node:path';
import { WORKER_EXIT } from '../core/exit-codes.ts';
import type { WorkerResult } from '../core/worker-result.ts';
import type { AgentRooms } from './agent/agent-rooms.ts';
import { CappedLog } from './agent/capped-log.ts';
import { attemptResult, resultOf } from './attempt-result.ts';
import type { BegunAttempt } from './begun-attempt.ts';
import { Checkpoints } from './checkpoints/checkpoints.ts';
import { failedToStart } from './ending.ts';
import { wordsOf } from './error-words.ts';
import { inPersistentWorkspace } from './persistent/held-workspace.ts';
import { changesPatch } from './repository/changes-patch.ts';
import type { AttemptEnd } from './run-attempt.ts';
import { type AttemptRun, runToEnding } from './run-to-ending.ts';
import { packWorkspace } from './upload/packed-workspace.ts';
import { uploadOutput } from './upload/upload-output.ts';

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
    // Whoever stops an ECS task waits two minutes, and what is new since the last checkpoint is less than all of it.
    if (stopped) await checkpoints.takeNow();
    else checkpoints.interrupt();
    const uploaded = await upload(begun, rooms, output, run, result);
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

/** Whether the output is in S3, and then whether it is what this worker has uploaded. */
async function upload(
  { log, programs, user, bucketOf, attempt, maxOutputBytes: maxBytes }: BegunAttempt,
  { workspace, base: folder }: AgentRooms,
  output: CappedLog,
  { workspace: { base } }: AttemptRun,
  result: WorkerResult,
): Promise<'presented' | 'there-already' | undefined> {
  try {
    const { manifest, isPresented } = await uploadOutput({
      bucket: bucketOf(attempt),
      packWorkspace: () => packWorkspace({ program: programs.pack, workspace, user, maxBytes }),
      ...(base && { makePatch: () => changesPatch({ program: programs.patch, base, workspace, folder, user }) }),
      output,
      result,
      log,
    });
    const { files, skipped } = manifest;
    log.say(
      `Uploaded ${files.length} ${files.length === 1 ? 'file' : 'files'}${skipped.length > 0 ? `, left out ${skipped.length}` : ''}.`,
    );
    if (isPresented) return 'presented';
    log.say('There was a manifest already, which stays: of a checkpoint, or our own.');
    return 'there-already';
  } catch (error) {
    log.say(`The output cannot be uploaded: ${wordsOf(error)}`);
    return undefined;
  }
}
