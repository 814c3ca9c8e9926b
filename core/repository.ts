import { z } from 'zod';

/** Characters of `repo` at the most. */
export const MAX_REPO_LENGTH = 512;

/** Bytes of `branch` at the most: git keeps a branch in a file, and locks it by one with `.lock` at its end. */
export const MAX_BRANCH_BYTES = 250;

/** The repository of a dispatch: `owner/name` on GitHub, or an `https://` URL without credentials. */
export const Repo = z.string().superRefine((repo, context) => {
  const message = whyNoRepo(repo);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** The branch to clone, by git's own rules for names (`git check-ref-format --branch`). */
export const Branch = z.string().superRefine((branch, context) => {
  const message = whyNoBranch(branch);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** Where repositories of the form `owner/name` are, unless the deployment has a GitHub of its own. */
export const GITHUB_URL = 'https://github.com';

/**
 * A GitHub of one's own, without a slash at its end. The token for clones is sent there: it takes `https`, and `http` on
 * this very machine alone.
 */
export const GithubUrl = z
  .string()
  .superRefine((url, context) => {
    const message = whyNoGithub(url);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform((url) => new URL(url).href.replace(/\/$/, ''));

/** The URL that git clones. `repo` is one that `Repo` accepts; throws a `TypeError` for many others. */
export function cloneUrl(repo: string, githubUrl: string = GITHUB_URL): string {
  if (OWNER_AND_NAME.test(repo)) return `${githubUrl.replace(/\/$/, '')}/${repo.replace(/\.git$/, '')}.git`;
  return new URL(repo).href.replace(/\/$/, '');
}

/** GitHub's own rules: an owner has at most 39 letters, digits and single dashes, a name 100 of those and `.`, `_`. */
const OWNER_AND_NAME = /^[a-z\d](?:-?[a-z\d]){0,38}\/(?!\.{1,2}$)[\w.-]{1,100}$/i;
const ASCII_WITHOUT_SPACE = /^[\x21-\x7e]+$/;
const SHAPES = 'must be owner/name or an https:// URL';
const LOOPBACK = ['localhost', '127.0.0.1'];

function whyNoRepo(repo: string): string | undefined {
  if (repo.length > MAX_REPO_LENGTH) return `must have at most ${MAX_REPO_LENGTH} characters`;
  if (!ASCII_WITHOUT_SPACE.test(repo)) return 'must be ASCII, without spaces and control characters';
  if (OWNER_AND_NAME.test(repo)) return undefined;
  if (!repo.startsWith('https://') || !URL.canParse(repo)) return SHAPES;
  return whyNoUrl(repo);
}

function whyNoGithub(url: string): string | undefined {
  if (!ASCII_WITHOUT_SPACE.test(url) || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return 'must be an https:// URL, like https://ghe.example.com, or http:// on this machine';
  }
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && !LOOPBACK.includes(hostname)) {
    return 'must begin with https://, as the token for clones is sent there; http:// is for 127.0.0.1 and localhost';
  }
  // As a repository there would have it.
  return whyNoUrl(`${url.replace(/\/$/, '')}/name`);
}

/** Looks at the text itself, not at what `URL` makes of it: git reads the text. */
function whyNoUrl(repo: string): string | undefined {
  const [, authority = '', path = ''] = /^https?:\/\/([^/\\?#]*)(.*)$/.exec(repo) ?? [];
  if (authority.includes('@')) return 'must not contain a user or password: Outpost has tokens of its own for git';
  if (!/^[a-z\d.-]+(:\d+)?$/i.test(authority) || authority.startsWith('-')) return 'must name a host';
  if (/[\\?#]/.test(path)) return 'must have no query, fragment or backslash';
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  if (!segments.every(isPlainSegment)) return 'must have a path without empty, "." or ".." parts or control characters';
  return undefined;
}

function isPlainSegment(segment: string): boolean {
  const plain = decoded(segment);
  return plain !== undefined && plain !== '' && !/^\.{1,2}$/.test(plain) && !/[\p{Cc}/\\]/u.test(plain);
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A `%` that begins no escape, or bytes that are no UTF-8.
    return undefined;
  }
}

function whyNoBranch(branch: string): string | undefined {
  if (branch === '') return 'must not be empty';
  if (/\p{Surrogate}/u.test(branch)) return 'must not contain lone surrogates';
  if (new TextEncoder().encode(branch).length > MAX_BRANCH_BYTES) return `must have at most ${MAX_BRANCH_BYTES} bytes`;
  if (branch.startsWith('-')) return 'must not begin with a dash';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what git refuses.
  if (/[\x00-\x20\x7f~^:?*[\\]/.test(branch)) return 'must have no space, control character, or any of ~^:?*[\\';
  if (branch === '@' || branch === 'HEAD' || /\.\.|@\{|\.$/.test(branch)) return 'must be a name that git takes';
  const components = branch.split('/');
  if (components.some((component) => component === '' || component.startsWith('.') || component.endsWith('.lock'))) {
    return 'must have no part that is empty, begins with "." or ends with ".lock"';
  }
  return undefined;
}
