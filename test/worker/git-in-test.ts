import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

const ENVIRONMENT = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'A Tester',
  GIT_AUTHOR_EMAIL: 'tester@example.com',
  GIT_COMMITTER_NAME: 'A Tester',
  GIT_COMMITTER_EMAIL: 'tester@example.com',
};

/** Runs git as a person with no settings would. */
export function git(folder: string, ...args: string[]): string {
  const safe = ['-c', 'safe.directory=*', '-c', 'init.defaultBranch=main', '-c', 'core.hooksPath=/dev/null'];
  return execFileSync('git', [...safe, ...args], { cwd: folder, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] })
    .toString('utf8')
    .trim();
}

/** Makes a repository with one commit of these files on `main`. */
export function makeRepository(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet');
  commit(folder, 'Begin', files);
}

export function commit(folder: string, subject: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  git(folder, 'add', '--all', '--force');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message', subject);
}

export interface GitServer {
  readonly url: string;
  readonly host: string;
  /** The `Authorization` headers that came, `undefined` for none. */
  readonly authorizations: (string | undefined)[];
  close(): Promise<void>;
}

export interface GitServerOptions {
  /** `user:password` without which it answers 401. */
  readonly login?: string;
  /** Answers itself, where it returns true. */
  intercept?(request: IncomingMessage, response: ServerResponse): boolean;
}

/** Git's own HTTP server for the repositories below a folder. */
export async function serveGit(root: string, { login, intercept }: GitServerOptions = {}): Promise<GitServer> {
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    authorizations.push(authorization);
    if (intercept?.(request, response)) return;
    if (login !== undefined && authorization !== `Basic ${Buffer.from(login).toString('base64')}`) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
    } else {
      answerByBackend(root, request, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, authorizations, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** `git http-backend` is a CGI program: headers, an empty line, the body. */
function answerByBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      ...ENVIRONMENT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.on('close', () => {
    const bytes = Buffer.concat(parts);
    const split = bytes.indexOf('\r\n\r\n');
    const headers = bytes
      .toString('latin1', 0, Math.max(0, split))
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = Number.parseInt(headers.find(([name]) => name === 'Status')?.[1] ?? '200', 10);
    response.writeHead(split < 0 ? 500 : status, Object.fromEntries(headers)).end(bytes.subarray(split + 4));
  });
}
