import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { Readable } from 'node:stream';
import type { AgentUser } from '../agent/agent-user.ts';
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
  /** Resolves at exit 0; rejects with the child's own words otherwise. */
  readonly ended: Promise<void>;
  end(): void;
}

const MAX_STDERR = 2_000;

/** A path has 4,096 bytes at the most where one was opened by it, and a few times more below open folders. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;

export function startChild(child: WorkspaceChild): RunningChild {
  const running = spawn(child.file, child.args, {
    cwd: '/',
    env: child.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...child.user.identity,
  });
  if (child.niceness !== undefined && running.pid !== undefined) standBack(running.pid, child.niceness);
  const limit = { expired: false };
  const expire = () => {
    limit.expired = true;
    killGroup(running);
  };
  const end = () => killGroup(running);
  child.stop?.addEventListener('abort', end);
  if (child.stop?.aborted) end();
  const timer = child.timeoutMs === undefined ? undefined : setTimeout(expire, child.timeoutMs);
  const ended = exitOf(running, child, limit);
  // Where its reader leaves first, nobody is interested.
  ended.catch(() => undefined);
  // It may have ended: its exit tells more than a pipe that broke.
  running.stdin?.on('error', () => undefined);
  return {
    give: (bytes) => void running.stdin?.end(bytes),
    // Without a descriptor to spare, Node makes no pipes, and the exit says so.
    stdout: running.stdout ?? Readable.from([]),
    lines: linesOf((running.stdio?.[PACK_LINES_FD] as Readable | undefined) ?? Readable.from([]), child.title),
    ended,
    end: () => {
      clearTimeout(timer);
      child.stop?.removeEventListener('abort', end);
      killGroup(running);
    },
  };
}

/** What cannot stand back runs all the same: it may have ended already. */
function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
  }
}

function exitOf(
  running: ChildProcess,
  { title, timeoutMs = 0 }: WorkspaceChild,
  limit: { expired: boolean },
): Promise<void> {
  let words = '';
  running.stderr?.on('data', (chunk: Buffer) => {
    words = `${words}${chunk.toString('utf8')}`.slice(-MAX_STDERR);
  });
  return new Promise((resolve, reject) => {
    running.once('error', (error) => reject(new Error(`${title} cannot be started: ${error.message}`)));
    running.once('close', (code, signal) => {
      if (limit.expired) reject(new Error(`${title} was not ready within ${timeoutMs / 1000} seconds.`));
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

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nobody is left; macOS says EPERM where only zombies are.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
