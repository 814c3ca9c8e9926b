/** Why there is no clone, in git's own words where it had any. */
export class CloneError extends Error {
  override readonly name = 'CloneError';

  constructor(
    message: string,
    /** `network`: another try may help. `stopped`: the worker is to stop. */
    readonly why: 'git' | 'network' | 'timeout' | 'stopped',
  ) {
    super(message);
  }
}

/** What curl, TLS libraries and git say of a network or server that fails, not of a repository that is not there. */
const NETWORK_WORDS = [
  /could not resolve (host|proxy)/i,
  /failed to connect|couldn't connect|connection (refused|reset|timed out|was reset)/i,
  /network is unreachable|no route to host/i,
  /operation (timed out|too slow)|timeout was reached|timed out after/i,
  /empty reply from server|send failure|recv failure|transfer closed|server aborted the ssl/i,
  /ssl_(error_syscall|connect|read)|gnutls_handshake|gnutls recv error|unexpected eof/i,
  /requested url returned error: (429|5\d\d)/i,
  /early eof|rpc failed|unexpected disconnect|the remote end hung up|remote did not send all/i,
];

export function isNetworkError(words: string): boolean {
  return NETWORK_WORDS.some((pattern) => pattern.test(words));
}

const MAX_WORDS = 1_000;

/** Git's words for a person: without progress, hints and control characters, at most 1,000 characters. */
export function wordsOfGit(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.replace(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '' && !/^(hint|warning: You appear to have cloned)/.test(line));
  return lines.join(' ').slice(-MAX_WORDS);
}
