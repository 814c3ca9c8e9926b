import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { Readable, type Writable } from 'node:stream';
import type { AgentUser } from '../agent/agent-user.ts';
import { signalGroup } from '../processes/signal-group.ts';
import { PACK_LINES_FD } from './packed-file.ts';

/** How this program is started again in another mode. */
export interface ChildProgram {
  readonly file: string;
  readonly args: readonly string[];
}

/** A program that works on the workspace as the agent's user. */
export interface WorkspaceChild extends ChildProgram {
  /** For messages: `The packer`. */
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: AgentUser;
  /** Milliseconds that it may take; then it is killed with all that it started. @default as long as it takes */
  readonly timeoutMs?: number;
  /** Ends it. @default nothing does */
  readonly stop?: AbortSignal | undefined;
  /** How far it stands back behind what else runs, 0 to 19. @default not at all */
  readonly niceness?: number;
}

/** A child that runs. Whoever starts one calls `end` when done with it: nothing that it started outlives that. */
export interface RunningChild {
  /** Its standard input. */
  give(bytes: Buffer): void;
  readonly stdout: AsyncIterable<Buffer>;
  /** What it writes beside its output, line by line. */
  readonly lines: AsyncGenerator<string>;
  /** Resolves at exit 0; rejects with why it was ended, or else with the child's own words. */
  readonly ended: Promise<void>;
  /** @param reason what whoever still reads or waits gets to hear */
  end(reason?: Error): void;
}

const MAX_STDERR = 2_000;

/** JSON writes a byte of a path in six characters at the most, see `MAX_PATH_BYTES`. */
const MAX_LINE_CHARACTERS = 256 * 1024;

/** The agent has the same user: without this its SIGUSR1 would open a debugger in the child. Node 20 does not know it. */
const NODE_FLAGS = ['--disable-sigusr1'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));

export function startChild(child: WorkspaceChild): RunningChild {
  const { title, timeoutMs } = child;
  const running = spawn(child.file, argumentsOf(child), {
    cwd: '/',
    env: child.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...child.user.identity,
  });
  if (child.niceness !== undefined && running.pid !== undefined) standBack(running.pid, child.niceness);
  const pipes = pipesOf(running);
  const broken: { reason?: Error } = {};
  const end = (reason?: Error) => {
    clearTimeout(timer);
    child.stop?.removeEventListener('abort', stop);
    if (reason !== undefined) broken.reason ??= reason;
    signalGroup(running.pid, 'SIGKILL');
    // Another process of its user can hold the other ends open, and what nobody reads never ends.
    for (const pipe of pipes) pipe.destroy(reason);
  };
  const stop = () => end(new Error(`${title} was stopped.`));
  const expire = (afterMs: number) => end(new Error(`${title} was not ready within ${afterMs / 1000} seconds.`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs, timeoutMs);
  const ended = exitOf(running, title, broken);
  // Where its reader leaves first, nobody is interested.
  ended.catch(() => undefined);
  child.stop?.addEventListener('abort', stop);
  if (child.stop?.aborted) stop();
  return {
    give: (bytes) => void running.stdin?.end(bytes),
    stdout: running.stdout ?? Readable.from([]),
    lines: linesOf((running.stdio?.[PACK_LINES_FD] as Readable | undefined) ?? Readable.from([]), title),
    ended,
    end,
  };
}

function argumentsOf({ file, args }: ChildProgram): readonly string[] {
  return file === process.execPath ? [...NODE_FLAGS, ...args] : args;
}

/** Without a descriptor to spare, Node makes none, and the exit says so: it tells more than a pipe that broke, too. */
function pipesOf({ stdio }: ChildProcess): (Readable | Writable)[] {
  const pipes = (stdio ?? []).filter((pipe) => pipe !== null && pipe !== undefined);
  for (const pipe of pipes) pipe.on('error', () => undefined);
  return pipes;
}

/** What cannot stand back runs all the same: it may have ended already. */
function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
  }
}

function exitOf(running: ChildProcess, title: string, broken: { readonly reason?: Error }): Promise<void> {
  let words = '';
  running.stderr?.on('data', (chunk: Buffer) => {
    words = `${words}${chunk.toString('utf8')}`.slice(-MAX_STDERR);
  });
  return new Promise((resolve, reject) => {
    running.once('error', (error) => reject(new Error(`${title} cannot be started: ${error.message}`)));
    running.once('close', (code, signal) => {
      if (broken.reason !== undefined) reject(broken.reason);
      else if (code === 0) resolve();
      else reject(new Error(`${title} ended with ${signal ?? `exit code ${code}`}: ${words.trim()}`));
    });
  });
}

/** Cuts at newlines alone: `readline` cuts at U+2028 as well, which a file's name may hold. */
async function* linesOf(stream: Readable, title: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of stream.setEncoding('utf8')) {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) throw new Error(`${title} wrote a line without an end.`);
    yield* lines;
  }
}
