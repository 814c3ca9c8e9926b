import { join } from 'node:path';
import type { DispatchSpec } from '../core/dispatch-spec.ts';
import { containerExitCode, WORKER_EXIT } from '../core/exit-codes.ts';
import type { AttemptRef } from '../core/ids.ts';
import type { WorkerResult } from '../core/worker-result.ts';
import type { Document } from '../lambdas/shared/artifact-store.ts';
import type { FencePass } from '../lambdas/shared/dispatch-store.ts';
import { agentEnvironment } from './agent/agent-environment.ts';
import { type AgentRooms, makeRooms, removeRooms, writeForAgent } from './agent/agent-rooms.ts';
import { type AgentEnd, AgentStartError, runAgent } from './agent/agent-run.ts';
import type { AgentUser } from './agent/agent-user.ts';
import { CappedLog } from './agent/capped-log.ts';
import { AGENT_COMMANDS } from './agents/agent-commands.ts';
import type { OutputBucket } from './upload/attempt-bucket.ts';
import { type PackerProgram, packWorkspace } from './upload/packed-workspace.ts';
import { uploadOutput } from './upload/upload-output.ts';
import type { WorkerLog } from './worker-log.ts';

/** Everything that a worker needs for its one attempt. */
export interface AttemptWork {
  readonly attempt: AttemptRef;
  readonly agent: string;
  readonly workspace: string;
  readonly user: AgentUser;
  readonly packer: PackerProgram;
  readonly specs: { getSpec(dispatchId: string): Promise<Document<DispatchSpec> | undefined> };
  readonly dispatches: { passFence(pass: FencePass): Promise<boolean> };
  readonly bucket: OutputBucket;
  readonly log: WorkerLog;
  readonly stop: AbortSignal;
  fetchTaskArn(): Promise<string>;
}

/** What came of the agent, and the exit code that the container repeats it by. */
interface Ending {
  readonly result: Pick<WorkerResult, 'endedBy' | 'exitCode' | 'reason'>;
  readonly containerExit: number;
}

/**
 * Runs one attempt: spec, fence, agent, upload. Resolves to the container's exit code. Up to the fence nothing is run
 * and nothing is written; once it is passed, the output is uploaded whatever happens.
 */
export async function runAttempt(work: AttemptWork): Promise<number> {
  const [spec, taskArn] = await Promise.all([readSpec(work), askTaskArn(work)]);
  if (typeof spec === 'string') return refuse(work, WORKER_EXIT.badSpec, spec);
  if ('reason' in taskArn) return refuse(work, WORKER_EXIT.notOurs, taskArn.reason);
  if (work.stop.aborted) return refuse(work, WORKER_EXIT.stopped, 'Stopped before the agent began.');
  const startedAt = new Date().toISOString();
  const refusal = await passFence(work, { ...work.attempt, ...taskArn, startedAt });
  if (refusal !== undefined) return refuse(work, WORKER_EXIT.notOurs, refusal);
  return runBehindFence(work, spec, startedAt);
}

function refuse({ log }: AttemptWork, exitCode: number, reason: string): number {
  log.say(reason);
  return exitCode;
}

/** The spec, or in words why there is none that this worker can serve. */
async function readSpec({ specs, attempt: { dispatchId }, agent }: AttemptWork): Promise<DispatchSpec | string> {
  try {
    const spec = await specs.getSpec(dispatchId);
    if (spec === undefined) return `There is no spec for dispatch ${dispatchId}.`;
    if (!spec.valid) return `The spec of dispatch ${dispatchId} cannot be used: it ${spec.reason}`;
    if (spec.content.agent === agent) return spec.content;
    return `Dispatch ${dispatchId} is for the agent ${spec.content.agent}; this worker runs ${agent}.`;
  } catch (error) {
    return `The spec of dispatch ${dispatchId} cannot be read: ${messageOf(error)}`;
  }
}

/** Our ECS task, or why it cannot be known: the fence asks for it. */
async function askTaskArn(work: AttemptWork): Promise<{ taskArn: string } | { reason: string }> {
  try {
    return { taskArn: await work.fetchTaskArn() };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** Nothing where the fence is passed; in words why it is not. */
async function passFence({ dispatches }: AttemptWork, pass: FencePass): Promise<string | undefined> {
  try {
    if (await dispatches.passFence(pass)) return undefined;
    return 'This attempt is not ours to run: it has ended, was cancelled, or belongs to another ECS task.';
  } catch (error) {
    return `The start fence cannot be passed: ${messageOf(error)}`;
  }
}

async function runBehindFence(work: AttemptWork, spec: DispatchSpec, startedAt: string): Promise<number> {
  try {
    return await runInRooms(work, spec, startedAt);
  } catch (error) {
    return await saveFailure(work, messageOf(error), startedAt);
  }
}

async function runInRooms(work: AttemptWork, spec: DispatchSpec, startedAt: string): Promise<number> {
  const rooms = await makeRooms(work.workspace, work.user);
  const output = await CappedLog.create(join(rooms.base, 'output.log'));
  try {
    const ending = await runToEnding(work, spec, rooms, output);
    const result = resultOf(work, ending, startedAt);
    return (await upload(work, rooms, output, result)) ? ending.containerExit : WORKER_EXIT.uploadFailed;
  } finally {
    await output.close();
    await leaveRooms(work, rooms);
  }
}

/** An agent can leave folders that nobody but root can remove. By then its output is saved, and how it ended stays. */
async function leaveRooms({ log, user }: AttemptWork, rooms: AgentRooms): Promise<void> {
  try {
    await removeRooms(rooms, user);
  } catch (error) {
    log.say(`${rooms.base} cannot be removed: ${messageOf(error)}`);
  }
}

function resultOf({ attempt }: AttemptWork, { result }: Pick<Ending, 'result'>, startedAt: string): WorkerResult {
  const { dispatchId, attempt: number } = attempt;
  return { version: 1, dispatchId, attempt: number, ...result, startedAt, endedAt: new Date().toISOString() };
}

/** The machine failed us: what can still be said is why. */
async function saveFailure(work: AttemptWork, reason: string, startedAt: string): Promise<number> {
  work.log.say(reason);
  try {
    await work.bucket.putJson('result', resultOf(work, { result: { endedBy: 'worker', reason } }, startedAt));
    return 1;
  } catch (error) {
    work.log.say(`The result cannot be uploaded: ${messageOf(error)}`);
    return WORKER_EXIT.uploadFailed;
  }
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
    const reason = messageOf(error);
    work.log.say(reason);
    const missing = error instanceof AgentStartError && error.isMissing;
    return { result: { endedBy: 'worker', reason }, containerExit: missing ? WORKER_EXIT.noSuchCli : 1 };
  }
}

async function startAgent(
  work: AttemptWork,
  spec: DispatchSpec,
  rooms: AgentRooms,
  output: CappedLog,
): Promise<AgentEnd | undefined> {
  const { user, stop, log } = work;
  const command = await AGENT_COMMANDS[spec.agent]?.({
    spec,
    writeFile: (name, content) => writeForAgent(rooms, user, name, content),
  });
  if (command === undefined) return undefined;
  const environment = agentEnvironment(work.attempt, rooms, user, command.env);
  const timeoutMs = spec.timeoutSeconds * 1000;
  return runAgent({ command, environment, rooms, user, timeoutMs, stop, output, log });
}

function stoppedEarly(): Ending {
  return {
    result: { endedBy: 'stop', reason: 'The ECS task was stopped before the agent began.' },
    containerExit: WORKER_EXIT.stopped,
  };
}

function noSuchAgent({ agent }: DispatchSpec): Ending {
  const reason = `This worker does not know how to run the agent ${agent}.`;
  return { result: { endedBy: 'worker', reason }, containerExit: WORKER_EXIT.noSuchCli };
}

function endingOf({ endedBy, exitCode }: AgentEnd, { timeoutSeconds }: DispatchSpec): Ending {
  switch (endedBy) {
    case 'agent':
      return { result: { endedBy, exitCode }, containerExit: containerExitCode(exitCode) };
    case 'timeout': {
      const reason = `The agent did not finish within its ${timeoutSeconds} ${timeoutSeconds === 1 ? 'second' : 'seconds'}.`;
      return { result: { endedBy, exitCode, reason }, containerExit: WORKER_EXIT.timedOut };
    }
    case 'stop':
      return { result: { endedBy, exitCode }, containerExit: WORKER_EXIT.stopped };
  }
}

/** Whether the output is in S3. */
async function upload(work: AttemptWork, rooms: AgentRooms, output: CappedLog, result: WorkerResult): Promise<boolean> {
  const { bucket, log, packer, user } = work;
  try {
    const { files, skipped } = await uploadOutput({
      bucket,
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
    log.say(`The output cannot be uploaded: ${messageOf(error)}`);
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
