import { setTimeout as delay } from 'node:timers/promises';
import { cloneUrl } from '../../core/repository.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { Deadline } from '../agent/deadline.ts';
import { CloneError, isNetworkError, wordsOfGit } from './clone-error.ts';
import { type ClonedRepository, readClone } from './cloned-repository.ts';
import { gitEnvironment, SAFE_SETTINGS } from './git-environment.ts';
import { type GitEnd, runGit } from './run-git.ts';

/** A token for one host: no other is ever given it, wherever a server redirects to. */
export interface RepositoryToken {
  /** With its port where that is not the protocol's own. */
  readonly host: string;
  readonly token: string;
}

export interface CloneRequest {
  /** As the dispatch says it, see `core/repository.ts`. */
  readonly repo: string;
  /** Where `owner/name` is. @default https://github.com */
  readonly githubUrl?: string;
  /** @default the remote's HEAD */
  readonly branch?: string | undefined;
  /** An empty folder that belongs to the agent. */
  readonly workspace: string;
  /** Git's HOME; nothing is read from it. */
  readonly home: string;
  /** Who git runs as. */
  readonly user: AgentUser;
  readonly token?: RepositoryToken | undefined;
  /** Commits of the branch to fetch. @default 1 */
  readonly depth?: number;
  /** Takes no files out of the repository. @default it does */
  readonly withoutFiles?: boolean;
  readonly stop: AbortSignal;
  /** Milliseconds that are left, asked when a step begins. @default each step has `MAX_CLONE_MS` */
  remainingMs?(): number;
  /** Milliseconds before another try after a network error. @default [1000, 4000] */
  readonly pauses?: readonly number[];
  /** Takes secrets out of git's words. */
  redact(text: string): string;
  /** Told before another try. */
  say(line: string): void;
  /** @default nothing but `https` */
  readonly protocols?: readonly string[];
}

/** 10 minutes: for all tries of a step together. */
const MAX_CLONE_MS = 10 * 60_000;
const PAUSES = [1_000, 4_000];

/**
 * Clones one branch into the workspace, as the agent's user, before the agent begins. Network errors are tried again.
 * Throws a `CloneError`.
 */
export async function cloneRepository(request: CloneRequest): Promise<ClonedRepository> {
  return inTime(request, (signal) => cloneUntil(request, signal));
}

async function cloneUntil(request: CloneRequest, signal: AbortSignal): Promise<ClonedRepository> {
  const url = urlOf(request);
  for (const pause of [...(request.pauses ?? PAUSES), undefined]) {
    const { exitCode, stderr } = await tryClone(request, url, signal);
    if (signal.aborted) throw interrupted(request, url);
    if (exitCode === 0) return readClone({ ...request, url, signal });
    const words = request.redact(wordsOfGit(stderr)) || `git clone ended with exit code ${exitCode}.`;
    if (!isNetworkError(words)) throw new CloneError(words, 'git');
    if (pause === undefined) throw new CloneError(words, 'network');
    request.say(`The clone failed and is tried again: ${words}`);
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
  throw interrupted(request, url);
}

/** Fetches so many commits more into a clone that nobody has touched. Throws a `CloneError`. */
export async function deepenClone(request: CloneRequest, commits: number): Promise<void> {
  const url = urlOf(request);
  const args = ['fetch', '--quiet', '--no-tags', `--deepen=${commits}`, 'origin'];
  await inTime(request, async (signal) => {
    const { exitCode, stderr } = await gitWithToken(request, url, request.workspace, signal, args);
    if (signal.aborted) throw interrupted(request, url);
    if (exitCode !== 0)
      throw new CloneError(request.redact(wordsOfGit(stderr)) || `git fetch ended with exit code ${exitCode}.`, 'git');
  });
}

/** Milliseconds for a step that begins now. */
export function stepMs({ remainingMs }: Pick<CloneRequest, 'remainingMs'>): number {
  return Math.max(1, Math.ceil(Math.min(MAX_CLONE_MS, remainingMs?.() ?? MAX_CLONE_MS)));
}

/** The timer holds its signal: one of `AbortSignal.timeout` that nothing else holds may be collected before its time. */
async function inTime<T>(request: CloneRequest, step: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new Deadline(stepMs(request));
  try {
    return await step(AbortSignal.any([request.stop, deadline.signal]));
  } finally {
    deadline.cancel();
  }
}

/** Tests clone from folders too. */
function urlOf({ repo, githubUrl, protocols = [] }: CloneRequest): string {
  return protocols.some((protocol) => repo.startsWith(`${protocol}://`)) ? repo : cloneUrl(repo, githubUrl);
}

function tryClone(request: CloneRequest, url: string, signal: AbortSignal): Promise<GitEnd> {
  const { branch, workspace, depth = 1, withoutFiles } = request;
  return gitWithToken(request, url, '/', signal, [
    'clone',
    '--quiet',
    '--template=',
    `--depth=${depth}`,
    '--single-branch',
    '--no-tags',
    ...(withoutFiles ? ['--no-checkout'] : []),
    ...(branch === undefined ? [] : [`--branch=${branch}`]),
    '--',
    url,
    workspace,
  ]);
}

function gitWithToken(
  { home, user, token, protocols = ['https'] }: CloneRequest,
  url: string,
  cwd: string,
  signal: AbortSignal,
  args: readonly string[],
): Promise<GitEnd> {
  const settings = [...SAFE_SETTINGS, ...networkSettings(), ...credentialSettings(url, token)];
  return runGit({
    args: [...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]), ...args],
    cwd,
    env: gitEnvironment(home, protocols),
    user,
    signal,
    ...(token === undefined ? {} : { secretInput: `username=x-access-token\npassword=${oneLine(token)}\n` }),
  });
}

/** A server that says nothing for a minute is a network error. Git's servers send a sign of life every 5 seconds. */
function networkSettings(): [string, string][] {
  return [
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', '60'],
  ];
}

/**
 * Git asks the helper once, and the helper reads the answer from descriptor 3: the token is in no command line, no
 * environment and no file.
 */
function credentialSettings(url: string, token: RepositoryToken | undefined): [string, string][] {
  if (token === undefined) return [];
  const { protocol, host } = new URL(url);
  if (host !== token.host) return [];
  return [[`credential.${protocol}//${host}.helper`, '!f() { test "$1" = get && cat <&3; }; f']];
}

function oneLine({ host, token }: RepositoryToken): string {
  if (/[\0\r\n]/.test(token)) throw new CloneError(`The token for ${host} has more than one line.`, 'git');
  return token;
}

function interrupted({ stop }: CloneRequest, url: string): CloneError {
  if (stop.aborted) return new CloneError(`The worker was stopped while it cloned ${url}.`, 'stopped');
  return new CloneError(`${url} could not be cloned in time.`, 'timeout');
}
