import { join } from 'node:path';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { agentEnvironment } from '../agent/agent-environment.ts';
import { type AgentRooms, furnishHome, leaveRooms, makeRooms } from '../agent/agent-rooms.ts';
import { type AgentEnd, AgentStartError, runAgent } from '../agent/agent-run.ts';
import { CappedLog } from '../agent/capped-log.ts';
import type { AgentProgram } from '../agents/agent-program.ts';
import { wordsOf } from '../error-words.ts';
import type { SlotWork } from './slot-work.ts';

/** What a worker has ready before a dispatch comes. */
export interface Ready {
  readonly rooms: AgentRooms;
  readonly taskArn: string;
}

/** The worker cannot serve a dispatch: the boot has failed. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';

  constructor(
    message: string,
    /** For the container. */
    readonly exitCode: number = 1,
  ) {
    super(message);
  }
}

/**
 * Makes the rooms of the dispatch that is to come, and runs the agent's CLI in them once, as the agent's user: what it
 * sets up in its home at its first start is there then. Throws a `NotReadyError`; resolves to nothing where the worker is
 * to stop.
 */
export async function getReady(work: SlotWork): Promise<Ready | undefined> {
  const { program, agent } = work;
  if (program === undefined) {
    throw new NotReadyError(`This worker does not know how to run the agent ${agent}.`, WORKER_EXIT.noSuchCli);
  }
  try {
    const taskArn = await work.fetchTaskArn();
    const rooms = await makeRooms(work.workspace, work.user);
    return (await hasAnswered(work, program, rooms)) ? { taskArn, rooms } : undefined;
  } catch (error) {
    if (error instanceof NotReadyError) throw error;
    const isMissing = error instanceof AgentStartError && error.isMissing;
    throw new NotReadyError(wordsOf(error), isMissing ? WORKER_EXIT.noSuchCli : 1);
  }
}

/** Whether the CLI has answered: `false` where the worker is to stop. Throws where it fails. Rooms of no use are removed. */
async function hasAnswered(work: SlotWork, program: AgentProgram, rooms: AgentRooms): Promise<boolean> {
  let answered = false;
  try {
    await furnishHome(rooms, work.user, program.homeFiles);
    const end = await probe(work, program, rooms);
    if (end.endedBy !== 'stop') throwIfUnanswered(work, program, end);
    answered = end.endedBy !== 'stop';
    return answered;
  } finally {
    if (!answered) await leaveRooms(rooms, work.user, work.log);
  }
}

async function probe(work: SlotWork, program: AgentProgram, rooms: AgentRooms): Promise<AgentEnd> {
  const { user, stop, log, times, slotId } = work;
  const output = await CappedLog.create(join(rooms.base, 'probe.log'));
  try {
    return await runAgent({
      command: program.probe,
      environment: agentEnvironment({ mark: `probe-${slotId}`, rooms, user, program, command: program.probe }),
      // What it leaves where it runs must not be taken for the dispatch's output.
      rooms: { ...rooms, workspace: rooms.home },
      user,
      timeoutMs: times.probeMs,
      stop,
      output,
      log,
    });
  } finally {
    await output.close();
  }
}

function throwIfUnanswered({ agent, times }: SlotWork, { probe }: AgentProgram, { endedBy, exitCode }: AgentEnd): void {
  const command = [probe.file, ...probe.args].join(' ');
  if (endedBy === 'timeout') {
    throw new NotReadyError(`\`${command}\`, the probe of ${agent}, did not end within ${times.probeMs} ms.`);
  }
  if (exitCode !== 0) throw new NotReadyError(`\`${command}\`, the probe of ${agent}, exited with code ${exitCode}.`);
}
