import { join } from 'node:path';
import type { DispatchSpec } from '../core/dispatch-spec.ts';
import { WORKER_EXIT } from '../core/exit-codes.ts';
import { attemptName } from '../core/ids.ts';
import type { WorkerResult } from '../core/worker-result.ts';
import { agentEnvironment } from './agent/agent-environment.ts';
import { type AgentRooms, writeForAgent } from './agent/agent-rooms.ts';
import { type AgentEnd, AgentStartError, runAgent } from './agent/agent-run.ts';
import { CappedLog } from './agent/capped-log.ts';
import { type Ending, endingOf, failedToStart, noSuchAgent, stoppedEarly } from './ending.ts';
import { wordsOf } from './error-words.ts';
import type { AttemptEnd, AttemptWork } from './run-attempt.ts';
import { packWorkspace } from './upload/packed-workspace.ts';
import { uploadOutput } from './upload/upload-output.ts';

/** Runs the agent and uploads, whatever happens. The attempt is ours by now, and nobody else's. */
export async function runBehindFence(work: AttemptWork, spec: DispatchSpec, startedAt: string): Promise<AttemptEnd> {
  try {
    return await runInRooms(work, spec, startedAt);
  } catch (error) {
    return { exitCode: await saveFailure(work, wordsOf(error), startedAt), stopped: false };
  }
}

async function runInRooms(work: AttemptWork, spec: DispatchSpec, startedAt: string): Promise<AttemptEnd> {
  const rooms = await work.openRooms();
  const output = await CappedLog.create(join(rooms.base, 'output.log'));
  try {
    const ending = await runToEnding(work, spec, rooms, output);
    const result = resultOf(work, ending.result, startedAt);
    const uploaded = await upload(work, rooms, output, result);
    return {
      exitCode: uploaded ? ending.containerExit : WORKER_EXIT.uploadFailed,
      stopped: result.endedBy === 'stop',
    };
  } finally {
    await output.close();
  }
}

/** The machine failed us: what can still be said is why. */
async function saveFailure(work: AttemptWork, reason: string, startedAt: string): Promise<number> {
  work.log.say(reason);
  try {
    const result = resultOf(work, { endedBy: 'worker', reason }, startedAt);
    await work.bucketOf(work.attempt).putJson('result', result);
    return 1;
  } catch (error) {
    work.log.say(`The result cannot be uploaded: ${wordsOf(error)}`);
    return WORKER_EXIT.uploadFailed;
  }
}

function resultOf({ attempt }: AttemptWork, result: Ending['result'], startedAt: string): WorkerResult {
  const { dispatchId, attempt: number } = attempt;
  return { version: 1, dispatchId, attempt: number, ...result, startedAt, endedAt: new Date().toISOString() };
}

async function runToEnding(
  work: AttemptWork,
  spec: DispatchSpec,
  rooms: AgentRooms,
  output: CappedLog,
): Promise<Ending> {
  if (work.stop.aborted) return stoppedEarly();
  try {
    const end = await startAgent(work, spec, rooms, output);
    return end === undefined ? noSuchAgent(spec) : endingOf(end, spec);
  } catch (error) {
    work.log.say(wordsOf(error));
    return failedToStart(wordsOf(error), error instanceof AgentStartError && error.isMissing);
  }
}

async function startAgent(
  work: AttemptWork,
  spec: DispatchSpec,
  rooms: AgentRooms,
  output: CappedLog,
): Promise<AgentEnd | undefined> {
  const { user, stop, log, program, attempt } = work;
  if (program === undefined) return undefined;
  const writeFile = (name: string, content: string) => writeForAgent(rooms, user, name, content);
  const command = await program.makeCommand({ spec, writeFile });
  const { dispatchId } = attempt;
  const environment = agentEnvironment({ mark: attemptName(attempt), rooms, user, program, command, dispatchId });
  const timeoutMs = spec.timeoutSeconds * 1000;
  return runAgent({ command, environment, rooms, user, timeoutMs, stop, output, log });
}

/** Whether the output is in S3. */
async function upload(work: AttemptWork, rooms: AgentRooms, output: CappedLog, result: WorkerResult): Promise<boolean> {
  const { log, packer, user } = work;
  try {
    const { files, skipped } = await uploadOutput({
      bucket: work.bucketOf(work.attempt),
      packWorkspace: () => packWorkspace(packer, rooms.workspace, user),
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
