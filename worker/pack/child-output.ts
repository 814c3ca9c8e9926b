import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Manifest } from '../../core/manifest.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { PACK_LINES_FD, PackLine } from './packed-file.ts';

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
}

export type ListedFiles = Pick<Manifest, 'files' | 'skipped'>;

const MAX_STDERR = 2_000;

/**
 * What the child writes to its standard output, as it comes; returns what it lists beside it. Throws where the child
 * fails or takes too long, so that half a file is never taken for a whole one. Nothing that it started outlives it.
 */
export async function* outputOfChild(child: WorkspaceChild): AsyncGenerator<Buffer, ListedFiles> {
  const running = spawn(child.file, child.args, {
    cwd: '/',
    env: child.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...child.user.identity,
  });
  const limit = { expired: false };
  const expire = () => {
    limit.expired = true;
    killGroup(running);
  };
  const end = () => killGroup(running);
  child.stop?.addEventListener('abort', end);
  const timer = child.timeoutMs === undefined ? undefined : setTimeout(expire, child.timeoutMs);
  const ended = exitOf(running, child, limit);
  const listed = readLines(running.stdio[PACK_LINES_FD] as Readable, child);
  // Both are awaited below; where the reader leaves first, nobody is interested.
  for (const promise of [ended, listed]) promise.catch(() => undefined);
  try {
    for await (const chunk of running.stdout ?? []) yield chunk as Buffer;
    await ended;
    return await listed;
  } finally {
    clearTimeout(timer);
    child.stop?.removeEventListener('abort', end);
    killGroup(running);
  }
}

/** Resolves at exit 0; rejects with the child's own words otherwise. */
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

async function readLines(stream: Readable, { title }: WorkspaceChild): Promise<ListedFiles> {
  const listed: ListedFiles = { files: [], skipped: [] };
  let complete = false;
  for await (const text of linesOf(stream)) {
    const line = PackLine.parse(JSON.parse(text));
    if ('file' in line) listed.files.push(line.file);
    else if ('skipped' in line) listed.skipped.push(line.skipped);
    else complete = true;
  }
  if (!complete) throw new Error(`${title} ended before it had listed every file.`);
  return listed;
}

/** Cuts at newlines alone: `readline` cuts at U+2028 as well, which a file's name may hold. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const text of stream.setEncoding('utf8')) {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
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
