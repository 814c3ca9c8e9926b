import type { AgentUser } from '../agent/agent-user.ts';
import { CloneError, wordsOfGit } from './clone-error.ts';
import { gitEnvironment, SAFE_SETTINGS } from './git-environment.ts';
import { runGit } from './run-git.ts';

/** A commit, for people. */
export interface CommitFacts {
  readonly commit: string;
  readonly author: string;
  /** ISO 8601. */
  readonly date: string;
  readonly subject: string;
}

/** What was cloned. */
export interface ClonedRepository {
  readonly url: string;
  /** Absent where a tag was cloned. */
  readonly branch?: string;
  /** Absent where the repository has no commit yet. */
  readonly commit?: string;
  /** The tree of that commit, or the empty one: what the agent's changes are measured from. */
  readonly tree: string;
  readonly objectFormat: 'sha1' | 'sha256';
  /** The newest commits that were fetched, newest first, at most 20. */
  readonly history: readonly CommitFacts[];
}

export interface FreshClone {
  readonly url: string;
  readonly workspace: string;
  readonly home: string;
  readonly user: AgentUser;
  readonly signal: AbortSignal;
  redact(text: string): string;
}

const MAX_HISTORY = 20;
/** Characters of a name or subject: commits may have any. */
const MAX_WORDS = 200;

/** Looks at a clone that nobody but git has touched. Throws a `CloneError`. */
export async function readClone(clone: FreshClone): Promise<ClonedRepository> {
  const { url } = clone;
  const objectFormat = (await ask(clone, ['rev-parse', '--show-object-format'])) === 'sha256' ? 'sha256' : 'sha1';
  const branch = await ask(clone, ['symbolic-ref', '--short', '--quiet', 'HEAD'], [0, 1]);
  const commit = await ask(clone, ['rev-parse', '--verify', '--quiet', 'HEAD'], [0, 1]);
  const named = { url, objectFormat, ...(branch === '' ? {} : { branch }) } as const;
  if (commit === '') {
    const tree = await ask(clone, ['hash-object', '-t', 'tree', '/dev/null']);
    return { ...named, tree, history: [] };
  }
  const tree = await ask(clone, ['rev-parse', '--verify', 'HEAD^{tree}']);
  return { ...named, commit, tree, history: await readHistory(clone) };
}

async function readHistory(clone: FreshClone): Promise<CommitFacts[]> {
  const format = '--format=%H%x00%an%x00%aI%x00%s';
  const text = await ask(clone, [
    'log',
    '-z',
    `--max-count=${MAX_HISTORY}`,
    '--no-show-signature',
    format,
    'HEAD',
    '--',
  ]);
  const fields = text.split('\0');
  return Array.from({ length: Math.floor(fields.length / 4) }, (_, i) => {
    const [commit = '', author = '', date = '', subject = ''] = fields.slice(i * 4, i * 4 + 4);
    return { commit, author: author.slice(0, MAX_WORDS), date, subject: subject.slice(0, MAX_WORDS) };
  });
}

async function ask(clone: FreshClone, args: readonly string[], allowed: readonly number[] = [0]): Promise<string> {
  const { exitCode, stdout, stderr } = await runGit({
    args: [...SAFE_SETTINGS.flatMap(([name, value]) => ['-c', `${name}=${value}`]), ...args],
    cwd: clone.workspace,
    env: gitEnvironment(clone.home),
    user: clone.user,
    signal: clone.signal,
  });
  if (exitCode !== null && allowed.includes(exitCode)) return stdout.toString('utf8').trim();
  if (clone.signal.aborted) throw new CloneError(`The clone of ${clone.url} was interrupted.`, 'stopped');
  throw new CloneError(
    clone.redact(wordsOfGit(stderr)) || `git ${args[0]} failed in the clone of ${clone.url}.`,
    'git',
  );
}
