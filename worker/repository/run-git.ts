import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { AgentUser } from '../agent/agent-user.ts';
import { signalGroup } from '../processes/signal-group.ts';

export interface GitRun {
  readonly args: readonly string[];
  /** Where it works. It goes there itself, as its user: root's rights follow no link. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user?: AgentUser;
  /** Ends git and everything that it started. */
  readonly signal?: AbortSignal;
  /** It ends with the process group that it is started in, and not by itself. @default it has a group of its own */
  readonly joinsGroup?: boolean;
  /** For its standard input. @default nothing */
  readonly input?: Buffer;
  /** For its descriptor 3, which whatever it starts inherits. @default it has none */
  readonly secretInput?: string;
}

export interface GitEnd {
  /** `null` where a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  /** The last of it. */
  readonly stderr: string;
}

/** Milliseconds in which git may clean up after itself. */
const TERM_GRACE_MS = 3_000;
const MAX_STDERR = 16_000;

/** Runs git without a shell. Throws where it cannot be started. */
export async function runGit(run: GitRun): Promise<GitEnd> {
  const { input, secretInput } = run;
  const child = spawn('git', ['-C', run.cwd, ...run.args], {
    cwd: '/',
    env: run.env,
    detached: run.joinsGroup !== true,
    stdio: [
      input === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(secretInput === undefined ? [] : ['pipe' as const]),
    ],
    ...run.user?.identity,
  });
  give(child.stdin, input);
  give(child.stdio[3] as Writable | null | undefined, secretInput);
  const stopWatching = endOnAbort(child, run.signal);
  try {
    return await endOf(child);
  } finally {
    stopWatching();
    // A helper that outlives git holds nothing of ours.
    if (run.joinsGroup !== true) signalGroup(child.pid, 'SIGKILL');
  }
}

function give(stream: Writable | null | undefined, content: Buffer | string | undefined): void {
  // Whoever does not read what it is given has no use for it: how git ended says enough.
  stream?.on('error', () => undefined);
  if (content !== undefined) stream?.end(content);
}

function endOf(child: ChildProcess): Promise<GitEnd> {
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-MAX_STDERR);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout: Buffer.concat(stdout), stderr }));
  });
}

/** TERM, so that git removes what it has half made; KILL where it does not end. */
function endOnAbort(child: ChildProcess, signal: AbortSignal | undefined): () => void {
  let patience: NodeJS.Timeout | undefined;
  const end = () => {
    signalGroup(child.pid, 'SIGTERM');
    patience = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), TERM_GRACE_MS);
  };
  if (signal?.aborted) end();
  else signal?.addEventListener('abort', end, { once: true });
  return () => {
    signal?.removeEventListener('abort', end);
    clearTimeout(patience);
  };
}
