import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { STOP_GRACE_MS, TIMEOUT_GRACE_MS } from '../../core/time-limits.ts';
import { aborted } from '../aborted.ts';
import type { AgentCommand } from '../agents/agent-command.ts';
import { wordsOf } from '../error-words.ts';
import { hasProgram, inFolder } from '../processes/in-folder.ts';
import { ProcessFamily } from '../processes/process-family.ts';
import { signalGroup } from '../processes/signal-group.ts';
import { Redaction } from '../secrets/redaction.ts';
import type { WorkerLog } from '../worker-log.ts';
import { ATTEMPT_MARKER } from './agent-environment.ts';
import { AgentOutput, type OutputSinks } from './agent-output.ts';
import type { AgentRooms } from './agent-rooms.ts';
import type { AgentUser } from './agent-user.ts';
import type { CappedLog } from './capped-log.ts';
import { Deadline } from './deadline.ts';
import { type OutputPipe, openOutputPipe } from './output-pipe.ts';

export interface AgentRun {
  readonly command: AgentCommand;
  readonly environment: Readonly<Record<string, string>>;
  readonly rooms: AgentRooms;
  readonly user: AgentUser;
  readonly timeoutMs: number;
  /** Aborts when the ECS task is being stopped. */
  readonly stop: AbortSignal;
  readonly output: CappedLog;
  readonly log: WorkerLog;
  /** What is taken out of the agent's output. @default nothing */
  readonly redaction?: Redaction;
  /** Hears what the agent prints, line by line, without secrets. */
  readonly onLine?: OutputSinks['onLine'];
  /** Milliseconds from TERM to KILL. @default what core says */
  readonly grace?: { readonly timeoutMs: number; readonly stopMs: number };
}

/** How the agent's process ended: its own exit code, 128 + n for signal n. */
export interface AgentEnd {
  readonly endedBy: 'agent' | 'timeout' | 'stop';
  readonly exitCode: number;
}

/** The agent's program could not be started. */
export class AgentStartError extends Error {
  override readonly name = 'AgentStartError';

  constructor(
    readonly file: string,
    /** @default there is no such program */
    override readonly cause?: Error,
  ) {
    super(
      cause === undefined
        ? `There is no program \`${file}\` here.`
        : `\`${file}\` cannot be started: ${cause.message}.`,
    );
  }

  /** Whether the image has no such program. */
  get isMissing(): boolean {
    return this.cause === undefined;
  }
}

const OBSERVE_MS = 500;

/** Milliseconds that a process may take to end once it is killed. Who stands still in the kernel does not end. */
const KILLED_MS = 2_000;

/**
 * Runs the agent to its end, whichever comes first: its own, that of its time, or a stop. When it resolves, everything
 * that the agent started is gone and its output is carried. Throws an `AgentStartError`.
 */
export async function runAgent(run: AgentRun): Promise<AgentEnd> {
  const pipes = await Promise.all(['stdout', 'stderr'].map((name) => openOutputPipe(name, run.rooms, run.user)));
  const output = new AgentOutput(
    pipes.map(({ reader }) => reader),
    { ...run, redaction: run.redaction ?? new Redaction({}) },
  );
  const child = await start(run, pipes).finally(() => {
    for (const pipe of pipes) pipe.closeWriteEnd();
  });
  const family = new ProcessFamily(child.pid, {
    marker: `${ATTEMPT_MARKER}=${run.environment[ATTEMPT_MARKER]}`,
    outputs: pipes.map(({ path }) => path),
    workspace: run.rooms.workspace,
    uid: run.user.identity.uid,
  });
  const end = await awaitEnd(run, child, family).catch(async (error) => {
    // At least the agent's own group, where there is no telling what else runs.
    signalGroup(child.pid, 'SIGKILL');
    await asFarAsPossible(run, [() => killFamily(run, family), () => output.drain()]);
    throw error;
  });
  await killFamily(run, family);
  await output.drain();
  return end;
}

async function killFamily({ log }: AgentRun, family: ProcessFamily): Promise<void> {
  const survivors = await family.kill();
  if (survivors.length > 0) log.say(`These processes cannot be killed: ${survivors.map(({ pid }) => pid).join()}.`);
}

/** After a failure, which is what is told then: the steps that fail as well are for the log alone. */
async function asFarAsPossible({ log }: AgentRun, steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step().catch((error) => log.say(wordsOf(error)));
}

interface Started {
  readonly pid: number;
  readonly exited: Promise<number>;
}

async function start(run: AgentRun, [stdout, stderr]: readonly OutputPipe[]): Promise<Started> {
  const { file, stdinFile } = run.command;
  const { workspace } = run.rooms;
  const { identity } = run.user;
  if (!hasProgram(workspace, file, run.environment['PATH'] ?? '')) throw new AgentStartError(file);
  const stdin = stdinFile === undefined ? undefined : openSync(stdinFile, 'r');
  try {
    const { args, cwd, ...command } = inFolder(workspace, run.command, identity);
    const child = spawn(command.file, args, {
      cwd,
      env: run.environment,
      detached: true,
      stdio: [stdin ?? 'ignore', stdout?.writeEnd, stderr?.writeEnd],
      ...identity,
    });
    return await started(child);
  } catch (error) {
    throw new AgentStartError(file, error as Error);
  } finally {
    if (stdin !== undefined) closeSync(stdin);
  }
}

function started(child: ChildProcess): Promise<Started> {
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, name) => resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])));
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve({ pid: child.pid ?? 0, exited }));
  });
}

async function awaitEnd(run: AgentRun, child: Started, family: ProcessFamily): Promise<AgentEnd> {
  const over = new AbortController();
  const watching = watch(family, over.signal);
  // It is awaited at the end; until then a failure is not an unhandled one.
  watching.catch(() => undefined);
  const deadline = new Deadline(run.timeoutMs);
  try {
    const exited = child.exited.then(() => 'agent' as const);
    const endedBy = await Promise.race([
      exited,
      deadline.reached.then(() => 'timeout' as const),
      aborted(run.stop).then(() => 'stop' as const),
    ]);
    if (endedBy !== 'agent') await endWithGrace(run, endedBy, family);
    return { endedBy, exitCode: await (endedBy === 'agent' ? child.exited : exitOfKilled(child)) };
  } finally {
    deadline.cancel();
    over.abort();
    await watching;
  }
}

function exitOfKilled({ exited }: Started): Promise<number> {
  const killed = 128 + constants.signals.SIGKILL;
  return Promise.race([exited, delay(KILLED_MS, killed, { ref: false })]);
}

/** TERM to all, and KILL to who is left after the grace. A stop while the time-out's grace runs shortens it. */
async function endWithGrace(run: AgentRun, why: 'timeout' | 'stop', family: ProcessFamily): Promise<void> {
  const { timeoutMs, stopMs } = run.grace ?? { timeoutMs: TIMEOUT_GRACE_MS, stopMs: STOP_GRACE_MS };
  const grace = new Deadline(why === 'stop' ? stopMs : timeoutMs);
  run.stop.addEventListener('abort', () => grace.shorten(stopMs));
  await family.terminate();
  await Promise.race([grace.reached, family.gone(grace.signal)]);
  grace.cancel();
  await family.kill();
}

/** Looks at the family again and again: who leaves it by `setsid` is known only if it was seen before. */
async function watch(family: ProcessFamily, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await family.observe();
    await delay(OBSERVE_MS, undefined, { signal: over }).catch(() => undefined);
  }
}
