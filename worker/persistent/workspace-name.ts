import { createHash } from 'node:crypto';
import { cloneUrl, GITHUB_URL } from '../../core/repository.ts';

/** A repository's place among a tenant's workspaces. */
export interface WorkspaceName {
  /** Two folders, `<owner>/<name>`: the same for the same repository, and never for another. */
  readonly id: string;
  /** Where the repository is, written the same way however a dispatch writes it. */
  readonly origin: string;
}

/** Characters of a repository's path that a folder's name shows. */
const MAX_SHOWN = 60;

/**
 * `owner/name` of a repository on GitHub, in lower case, because GitHub takes either; for any other URL
 * `@<host>/<end of its path>-<hash>`. An owner on GitHub has no `@`, and the hash tells what the path's end does not.
 */
export function workspaceName(repo: string, githubUrl: string = GITHUB_URL): WorkspaceName {
  const url = cloneUrl(repo, githubUrl);
  const base = `${githubUrl.replace(/\/$/, '')}/`;
  const onGitHub = ownerAndName(url, base)?.toLowerCase();
  if (onGitHub !== undefined) return { id: onGitHub, origin: `${base}${onGitHub}` };
  const { host, pathname } = new URL(url);
  const shown = pathname.replace(/[^a-z\d]+/gi, '-').replace(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 32);
  return { id: `@${host.replace(':', '_')}/${shown.slice(-MAX_SHOWN).toLowerCase()}-${hash}`, origin: url };
}

/** Of a URL as `owner/name` yields it, with or without `.git`. */
function ownerAndName(url: string, base: string): string | undefined {
  if (!url.startsWith(base)) return undefined;
  const path = url.slice(base.length).replace(/\.git$/, '');
  return /^[a-z\d](?:-?[a-z\d]){0,38}\/(?!\.{1,2}$)[\w.-]{1,100}$/i.test(path) ? path : undefined;
}
