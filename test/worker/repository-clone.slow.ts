import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AgentUser, agentUser } from '../../worker/agent/agent-user.ts';
import { type CloneRequest, cloneRepository } from '../../worker/repository/clone.ts';
import { CloneError } from '../../worker/repository/clone-error.ts';
import { Redaction } from '../../worker/secrets/redaction.ts';
import { commit, type GitServer, type GitServerOptions, git, makeRepository, serveGit } from './git-in-test.ts';

const TOKEN = 'ghp_cloneCloneCloneCloneCloneCloneClone0003';
const root = mkdtempSync(join(tmpdir(), 'outpost-clone-'));
const remotes = join(root, 'remotes');
const user: AgentUser = process.getuid?.() === 0 ? agentUser(54_301) : agentUser(undefined);
const servers: GitServer[] = [];

beforeAll(() => {
  chmodSync(root, 0o755);
  const rocket = join(remotes, 'acme', 'rocket.git');
  makeRepository(rocket, { 'README.md': '# Rocket\n' });
  commit(rocket, 'Add an engine', { 'src/engine.txt': 'vroom\n' });
  git(rocket, 'branch', 'feature/x');
  commit(rocket, 'Third', { 'third.txt': '3\n' });
  mkdirSync(join(remotes, 'acme', 'empty.git'));
  git(join(remotes, 'acme', 'empty.git'), 'init', '--quiet');
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
afterAll(() => rmSync(root, { recursive: true }));

async function serve(options?: GitServerOptions): Promise<GitServer> {
  const server = await serveGit(remotes, options);
  servers.push(server);
  return server;
}

function room(): string {
  const folder = mkdtempSync(join(root, 'workspace-'));
  if (user.identity.uid !== undefined) chownSync(folder, user.identity.uid, user.identity.uid);
  return folder;
}

function request(given: Partial<CloneRequest> & Pick<CloneRequest, 'repo'>): CloneRequest & { said: string[] } {
  const redaction = new Redaction({ GITHUB_PAT: TOKEN });
  const said: string[] = [];
  return {
    workspace: room(),
    home: root,
    user,
    stop: new AbortController().signal,
    pauses: [1, 1],
    protocols: ['http'],
    redact: (text) => redaction.text(text),
    say: (line) => said.push(line),
    said,
    ...given,
  };
}

async function failureOf(asked: CloneRequest): Promise<CloneError> {
  const error = await cloneRepository(asked).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CloneError);
  return error as CloneError;
}

describe('a clone', () => {
  it('has the newest commit of the default branch, and says which', async () => {
    const { url } = await serve();
    const asked = request({ repo: `${url}/acme/rocket.git` });

    const cloned = await cloneRepository(asked);

    const head = git(join(remotes, 'acme', 'rocket.git'), 'rev-parse', 'HEAD');
    expect(cloned).toMatchObject({ url: asked.repo, branch: 'main', commit: head, objectFormat: 'sha1' });
    expect(cloned.history.map(({ subject, author }) => [subject, author])).toEqual([['Third', 'A Tester']]);
    expect(readdirSync(asked.workspace).sort()).toEqual(['.git', 'README.md', 'src', 'third.txt']);
  });

  it('has the branch that was asked for, as deep as was asked for', async () => {
    const { url } = await serve();
    const asked = request({ repo: `${url}/acme/rocket.git`, branch: 'feature/x', depth: 2 });

    const { branch, history } = await cloneRepository(asked);

    expect(branch).toBe('feature/x');
    expect(history.map(({ subject }) => subject)).toEqual(['Add an engine', 'Begin']);
  });

  it('of a repository without commits has none', async () => {
    const { url } = await serve();

    const cloned = await cloneRepository(request({ repo: `${url}/acme/empty.git` }));

    expect(cloned).toMatchObject({ branch: 'main', tree: '4b825dc642cb6eb9a060e54bf8d69288fbee4904', history: [] });
    expect(cloned.commit).toBeUndefined();
  });

  it('belongs to the agent', async () => {
    const { url } = await serve();
    const asked = request({ repo: `${url}/acme/rocket.git` });

    await cloneRepository(asked);

    const owners = execFileSync('find', [asked.workspace, '-printf', '%U\n']).toString().trim().split('\n');
    expect(new Set(owners)).toEqual(new Set([String(user.identity.uid ?? process.getuid?.())]));
  });

  it('runs neither hooks nor templates nor settings of this machine', async () => {
    const { url } = await serve();
    const asked = request({ repo: `${url}/acme/rocket.git` });

    await cloneRepository(asked);

    expect(readdirSync(join(asked.workspace, '.git'))).not.toContain('hooks');
    expect(readFileSync(join(asked.workspace, '.git', 'config'), 'utf8')).not.toMatch(/hooksPath|helper|extraheader/i);
  });

  it.each([
    ['acme/nothing.git', undefined, /repository '.*\/acme\/nothing\.git\/?' not found/],
    ['acme/rocket.git', 'no-such-branch', /Remote branch no-such-branch not found/],
  ])('of %s, branch %s, fails with git’s own words and is not tried again', async (path, branch, words) => {
    const { url } = await serve();
    const asked = request({ repo: `${url}/${path}`, branch });

    const { message, why } = await failureOf(asked);

    expect(message).toMatch(words);
    expect({ why, said: asked.said, left: readdirSync(asked.workspace) }).toEqual({ why: 'git', said: [], left: [] });
  });

  it('goes by https alone', async () => {
    const { url } = await serve();

    const byHttp = await failureOf(request({ repo: `${url}/acme/rocket.git`, protocols: ['https'] }));
    const asFile = await failureOf(request({ repo: `file://${remotes}/acme/rocket.git` }));

    expect(byHttp.message).toContain("transport 'http' not allowed");
    expect(asFile.message).toContain("transport 'file' not allowed");
  });

  it('is tried again after a network error, and comes then', async () => {
    let failures = 2;
    const { url } = await serve({
      intercept: (_, response) => {
        failures -= 1;
        if (failures < 0) return false;
        response.writeHead(503).end();
        return true;
      },
    });
    const asked = request({ repo: `${url}/acme/rocket.git` });

    const { branch } = await cloneRepository(asked);

    expect(branch).toBe('main');
    expect(asked.said).toHaveLength(2);
    expect(asked.said[0]).toContain('error: 503');
  });

  it('is given up where nobody answers', async () => {
    const asked = request({ repo: 'http://127.0.0.1:1/acme/rocket.git' });

    const { why, message } = await failureOf(asked);

    expect({ why, tries: asked.said.length }).toEqual({ why: 'network', tries: 2 });
    expect(message).toMatch(/Failed to connect|refused/);
  });

  it('ends in its time and at a stop, whatever the server does', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const repo = `http://127.0.0.1:${(silent.address() as { port: number }).port}/x.git`;
    const stop = new AbortController();

    const late = await failureOf(request({ repo, remainingMs: () => 500 }));
    silent.once('connection', () => stop.abort());
    const stopped = await failureOf(request({ repo, stop: stop.signal }));
    for (const socket of sockets) socket.destroy();
    silent.close();

    expect([late.why, stopped.why]).toEqual(['timeout', 'stopped']);
  });
});

describe('the token of a clone', () => {
  it('opens the repository, and is in no file of the clone', async () => {
    const server = await serve({ login: `x-access-token:${TOKEN}` });
    const asked = request({ repo: `${server.url}/acme/rocket.git`, token: { host: server.host, token: TOKEN } });

    const { branch } = await cloneRepository(asked);

    const found = execFileSync('bash', ['-c', 'grep -rlF -- "$0" . || true', TOKEN], { cwd: asked.workspace });
    expect({ branch, found: found.toString() }).toEqual({ branch: 'main', found: '' });
  });

  it('is in no command line and no environment while git runs', async () => {
    const seen: string[] = [];
    const server = await serve({
      login: `x-access-token:${TOKEN}`,
      intercept: () => {
        for (const pid of process.platform === 'linux'
          ? readdirSync('/proc').filter((name) => /^\d+$/.test(name))
          : []) {
          seen.push(...['cmdline', 'environ'].map((name) => readOrEmpty(`/proc/${pid}/${name}`)));
        }
        return false;
      },
    });

    await cloneRepository(
      request({ repo: `${server.url}/acme/rocket.git`, token: { host: server.host, token: TOKEN } }),
    );

    expect(seen.some((text) => text.includes('GIT_TERMINAL_PROMPT'))).toBe(process.platform === 'linux');
    expect(seen.some((text) => text.includes(TOKEN))).toBe(false);
  });

  it('goes to no other host, also where a server sends git there', async () => {
    const other = await serve({ login: 'x:y' });
    const server = await serve({
      intercept: (asked, response) => {
        response.writeHead(302, { Location: `${other.url}${asked.url}` }).end();
        return true;
      },
    });
    const token = { host: server.host, token: TOKEN };

    const redirected = await failureOf(request({ repo: `${server.url}/acme/rocket.git`, token }));
    const foreign = await failureOf(request({ repo: `${other.url}/acme/rocket.git`, token }));

    expect(redirected.message).toContain('terminal prompts disabled');
    expect(foreign.message).toContain('terminal prompts disabled');
    expect(other.authorizations.filter((header) => header !== undefined)).toEqual([]);
  });

  it('that is wrong fails with git’s own words, which do not show it', async () => {
    const server = await serve({ login: 'x:y' });
    const token = { host: server.host, token: TOKEN };

    const { message, why } = await failureOf(request({ repo: `${server.url}/acme/rocket.git`, token }));

    expect(message).toContain('Authentication failed');
    expect({ why, shown: message.includes(TOKEN) }).toEqual({ why: 'git', shown: false });
  });
});

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
