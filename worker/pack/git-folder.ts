/** In a git directory: settings name programs, hooks are programs, and `commondir` leads to another's settings. */
const RUN_PROGRAMS = new Set(['config', 'config.worktree', 'hooks', 'commondir']);

/** As file systems that fold letters, or keep short names, would find a `.git`. */
const DOT_GIT = /^(\.git|git~\d+)$/i;

/**
 * Why an entry of a workspace is not saved, or nothing: an agent can have git run what it likes on the machine of
 * whoever unpacks the archive and asks git for the status. Commits and branches are saved, what would make git run
 * something is not; nor is a `.git` that is no folder, because it leads to settings somewhere else.
 */
export function whyNotSaved(path: Buffer, isFolder: boolean): string | undefined {
  const names = path.toString('latin1').split('/');
  const [first = '', ...within] = names.slice(names.findIndex((name) => DOT_GIT.test(name)));
  if (!DOT_GIT.test(first)) return undefined;
  if (within.length === 0) return isFolder ? undefined : 'leads git to settings elsewhere';
  return runsPrograms(within) ? 'would let git run programs' : undefined;
}

/** Directly in the git directory, in that of a submodule or of a work tree; a branch may have any of these names. */
function runsPrograms(within: readonly string[]): boolean {
  if (!RUN_PROGRAMS.has(within.at(-1)?.toLowerCase() ?? '')) return false;
  const isInner = within[0] === 'modules' || within[0] === 'worktrees';
  return within.length === 1 || (isInner && !within.some((name) => name === 'refs' || name === 'logs'));
}
