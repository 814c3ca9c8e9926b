import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { runCold } from '../../worker/run-cold.ts';
import type { WorkerKit } from '../../worker/worker-kit.ts';
import { type GitServer, type GitServerOptions, makeRepository, serveGit } from './git-in-test.ts';
import { kitIn, SPEC } from './kit-in-test.ts';
import { secretsInTest } from './secrets-in-test.ts';
import { until } from './worker-in-test.ts';

const TOKEN = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const folder = mkdtempSync(join(tmpdir(), 'outpost-preparing-'));
const servers: GitServer[] = [];

beforeAll(() => makeRepository(join(folder, 'remotes', 'acme', 'rocket.git'), { 'README.md': '# Rocket\n' }));
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

interface Trial {
  readonly spec?: Partial<DispatchSpec>;
  readonly server?: GitServerOptions;
  readonly kit?: Partial<WorkerKit>;
}

/** A shell dispatch on a repository. */
async function prepare({ spec, server: options, kit: changes }: Trial) {
  const server = await serveGit(join(folder, 'remotes'), options);
  servers.push(server);
  const content = { ...SPEC, task: 'echo ran > ran', repo: 'acme/rocket', ...spec };
  const { kit, uploaded, said } = kitIn(folder, {
    githubUrl: server.url,
    specs: { getSpec: async () => ({ valid: true, content }) },
    ...changes,
  });
  const exitCode = await runCold(kit, { dispatchId: ulid(), attempt: 1 });
  const hasRun = existsSync(join(kit.workspace, 'ran'));
  return { exitCode, hasRun, uploaded, result: uploaded.get('result'), said: said.join(''), server };
}

describe.concurrent('a worker that prepares a workspace', () => {
  it.each([
    { case: 'branch', spec: { branch: 'no-such-branch' }, says: /Remote branch no-such-branch not found/ },
    { case: 'repository', spec: { repo: 'acme/no-such' }, says: /repository '.*acme\/no-such.git\/?' not found/ },
  ])("ends with git's own words where there is no such $case", async ({ spec, says }) => {
    const { exitCode, hasRun, result, uploaded } = await prepare({ spec });

    expect({ exitCode, hasRun }).toEqual({ exitCode: 1, hasRun: false });
    expect(result).toMatchObject({ endedBy: 'worker', reason: expect.stringMatching(says) });
    expect([...uploaded.keys()].sort()).toEqual(['archive', 'log', 'manifest', 'result']);
  });

  it('ends by its time where the clone has taken all of that', async () => {
    const { exitCode, hasRun, result } = await prepare({
      spec: { timeoutSeconds: 1 },
      server: { intercept: () => true },
    });

    expect({ exitCode, hasRun }).toEqual({ exitCode: 124, hasRun: false });
    expect(result).toMatchObject({ endedBy: 'timeout', reason: 'The agent did not finish within its 1 second.' });
    expect(result).not.toHaveProperty('exitCode');
  });

  it('ends by its time where that has gone by before the agent begins', async () => {
    const secrets = secretsInTest();
    const values: typeof secrets.values = async (request) => {
      const askedAt = Date.now();
      await until(() => Date.now() - askedAt > 1_000);
      return secrets.values(request);
    };

    const { exitCode, hasRun, result } = await prepare({
      spec: { timeoutSeconds: 1, repo: undefined },
      kit: { secrets: { ...secrets, values } },
    });

    expect({ exitCode, hasRun }).toEqual({ exitCode: 124, hasRun: false });
    expect(result).toMatchObject({ endedBy: 'timeout' });
  });

  it('asks nobody for secrets and clones nothing where the fence is closed', async () => {
    const secrets = secretsInTest();

    const { exitCode, server } = await prepare({ kit: { dispatches: { passFence: async () => false }, secrets } });

    expect({ exitCode, cloned: server.authorizations, asked: secrets.asked }).toEqual({
      exitCode: 75,
      cloned: [],
      asked: [],
    });
  });

  it('asks for no token where there is no repository, or one that is not on GitHub', async () => {
    const [none, elsewhere] = [secretsInTest({}, TOKEN), secretsInTest({}, TOKEN)];

    await prepare({ spec: { repo: undefined }, kit: { secrets: none } });
    const { result } = await prepare({
      spec: { repo: 'https://127.0.0.1:1/acme/rocket', timeoutSeconds: 1 },
      kit: { secrets: elsewhere },
    });

    expect([...none.asked, ...elsewhere.asked]).not.toContain('repository token');
    expect(result).toMatchObject({ endedBy: expect.stringMatching(/worker|timeout/) });
  });

  it('does not run where the secrets cannot be had, and says why', async () => {
    const values = () => Promise.reject(new Error('The secret /outpost/users/acme/X cannot be read: denied'));

    const { exitCode, hasRun, result, server } = await prepare({ kit: { secrets: { ...secretsInTest(), values } } });

    expect({ exitCode, hasRun, cloned: server.authorizations }).toEqual({ exitCode: 1, hasRun: false, cloned: [] });
    expect(result).toMatchObject({ endedBy: 'worker', reason: expect.stringContaining('/X cannot be read') });
  });

  it("shows no token in git's words", async () => {
    const server = { intercept: echoing };

    const { result, said } = await prepare({ server, kit: { secrets: secretsInTest({}, TOKEN) } });

    expect(result).toMatchObject({ endedBy: 'worker', reason: expect.stringContaining('[redacted:GITHUB_PAT]') });
    expect(JSON.stringify(result) + said).not.toContain(TOKEN);
  });
});

/** A server that tells git what it was sent, which git repeats. */
const echoing: NonNullable<GitServerOptions['intercept']> = ({ headers: { authorization = '' } }, response) => {
  const [, login = ''] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8').split(':');
  if (authorization === '') response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
  else response.writeHead(403, { 'Content-Type': 'text/plain' }).end(`You sent ${login}\n`);
  return true;
};
