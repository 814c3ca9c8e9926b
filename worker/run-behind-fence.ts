import { join } from 'node:path';
import { WORKER_EXIT } from '../core/exit-codes.ts';
import type { WorkerResult } from '../core/worker-result.ts';
import type { AgentRooms } from './agent/agent-rooms.ts';
import { CappedLog } from './agent/capped-log.ts';
import { attemptResult, resultOf } from './attempt-result.ts';
import type { BegunAttempt } from './begun-attempt.ts';
import { wordsOf } from './error-words.ts';
import { changesPatch } from './repository/changes-patch.ts';
import type { AttemptEnd } from './run-attempt.ts';
import { type AttemptRun, runToEnding } from './run-to-ending.ts';
import { packWorkspace } from './upload/packed-workspace.ts';
import { uploadOutput } from './upload/upload-output.ts';

/** Runs the agent and uploads, whatever happens. The attempt is ours by now, and nobody else's. */
export async function runBehindFence(begun: BegunAttempt): Promise<AttemptEnd> {
  try {
    return await runInRooms(begun);
  } catch (error) {
    return { exitCode: await saveFailure(begun, wordsOf(error)), stopped: false };
  }
}

async function runInRooms(begun: BegunAttempt): Promise<AttemptEnd> {
  const rooms = await begun.openRooms();
  const output = await CappedLog.create(join(rooms.base, 'output.log'));
  try {
    const run = await runToEnding(begun, rooms, output);
    const result = attemptResult(begun, run);
    const uploaded = await upload(begun, rooms, output, run, result);
    return {
      exitCode: uploaded ? run.ending.containerExit : WORKER_EXIT.uploadFailed,
      stopped: result.endedBy === 'stop',
    };
  } finally {
    await output.close();
  }
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

/** Whether the output is in S3. */
async function upload(
  { log, programs, user, bucketOf, attempt }: BegunAttempt,
  { workspace, base: folder }: AgentRooms,
  output: CappedLog,
  { workspace: { base } }: AttemptRun,
  result: WorkerResult,
): Promise<boolean> {
  try {
    const { files, skipped } = await uploadOutput({
      bucket: bucketOf(attempt),
      packWorkspace: () => packWorkspace(programs.pack, workspace, user),
      ...(base && { makePatch: () => changesPatch({ program: programs.patch, base, workspace, folder, user }) }),
      output,
      result,
      log,
    });
    log.say(
      `Uploaded ${files.length} ${files.length === 1 ? 'file' : 'files'}${skipped.length > 0 ? `, left out ${skipped.length}` : ''}.`,
    );
    return true;
  } catch (error) {
    log.say(`The output cannot be uploaded: ${wordsOf(error)}`);
    return false;
  }
}
