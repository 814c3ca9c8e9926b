import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitServer, type GitServerOptions, git, makeRepository, serveGit } from './git-in-test.ts';
import { openWorker, type RunOptions, until, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';

const PLATFORMS = 'ghp_platformPlatformPlatformPlatform0001';
const OWN = 'ghp_ownOwnOwnOwnOwnOwnOwnOwnOwnOwnOwn0002';
const PASSWORD = 'correct horse battery staple';

let worker: WorkerInTest;
let remotes = '';
const servers: GitServer[] = [];

beforeAll(async () => {
  worker = await openWorker();
  remotes = join(worker.folder, 'remotes');
  makeRepository(join(remotes, 'acme', 'rocket.git'), {
    'README.md': '# Rocket\n',
    'src/engine.txt': 'vroom\n',
    '.gitignore': '*.log\n',
  });
  worker.keepSecrets({
    '/outpost/system/GITHUB_PAT': PLATFORMS,
    '/outpost/users/byok/GITHUB_PAT': OWN,
    '/outpost/users/acme/DEPLOY_PASSWORD': PASSWORD,
    '/outpost/users/acme/PIN': '1234',
  });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await worker.close();
});

async function serve(options?: GitServerOptions): Promise<GitServer> {
  const server = await serveGit(remotes, options);
  servers.push(server);
  return server;
}

function runOn({ url }: GitServer, task: string, { spec, ...options }: RunOptions = {}): Promise<WorkerRun> {
  return worker.run(task, {
    ...options,
    spec: { repo: 'acme/rocket', ...spec },
    environment: { GITHUB_URL: url, ...options.environment },
  });
}

function unpacked(run: WorkerRun, archive: Buffer): string {
  const folder = join(worker.folder, `unpacked-${run.dispatchId}`);
  mkdirSync(folder);
  execFileSync('tar', ['xzf', '-', '-C', folder], { input: archive });
  return folder;
}

function filesIn(folder: string): string {
  return execFileSync('find', ['.', '-path', './.git', '-prune', '-o', '-type', 'f', '-print'], { cwd: folder })
    .toString('utf8')
    .split('\n')
    .sort()
    .map((path) => (path === '' ? '' : `${path}: ${readFileSync(join(folder, path), 'utf8')}`))
    .join('\n');
}

describe.concurrent('an agent that is given a repository', () => {
  it('works in a clone of it, and leaves a patch that makes the same of another clone', async () => {
    const server = await serve();
    const run = await runOn(server, 'echo more >> README.md; rm src/engine.txt; mkdir new; echo x > new/file; git log');

    const { exitCode, stdout } = await run.ended;

    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Begin') });
    const { objects } = await run.manifest();
    const names = objects.map(({ name }) => name);
    expect(names).toEqual(['workspace.tar.gz', 'changes.patch', 'output.log', 'result.json']);
    const other = join(worker.folder, `other-${run.dispatchId}`);
    git(worker.folder, 'clone', '--quiet', join(remotes, 'acme', 'rocket.git'), other);
    writeFileSync(`${other}.patch`, await run.object('changes.patch'));
    git(other, 'apply', `${other}.patch`);
    expect(filesIn(other)).toBe(filesIn(unpacked(run, await run.object('workspace.tar.gz'))));
    const commit = git(join(remotes, 'acme', 'rocket.git'), 'rev-parse', 'HEAD');
    expect(await run.result()).toMatchObject({
      repository: { url: `${server.url}/acme/rocket.git`, branch: 'main', commit },
    });
  });

  it.each([
    { case: "the platform's token", tenantId: 'acme', token: PLATFORMS },
    { case: "the tenant's own token", tenantId: 'byok', token: OWN },
  ])('has it cloned with $case, and does not find that anywhere', async ({ tenantId, token }) => {
    const server = await serve({ login: `x-access-token:${token}` });
    const search = 'env; cat .git/config; grep -rs ghp_ . "$HOME" "$TMPDIR" || echo nowhere';
    const run = await runOn(server, search, { spec: { tenantId } });

    const { exitCode, stdout } = await run.ended;

    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nowhere') });
    expect(stdout).not.toMatch(/ghp_|redacted/);
    expect(server.authorizations).toContain(`Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`);
  });

  it('commits under a name of ours where its task gives it none', async () => {
    const run = await runOn(
      await serve(),
      "echo more >> README.md && git commit -qam more && git log -1 --format='%an <%ae>'",
    );

    const { exitCode, stdout } = await run.ended;

    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Outpost <agent@outpost.invalid>'),
    });
  });

  it('does not run where the worker is stopped while it clones', async () => {
    const server = await serve({ intercept: () => true });
    const run = await runOn(server, 'echo ran > ran');
    await until(() => server.authorizations.length > 0);

    run.process.kill('SIGTERM');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(143);
    expect(await run.result()).toMatchObject({ endedBy: 'stop', reason: expect.stringContaining('before the agent') });
    expect(await run.objects()).toContain('manifest.json');
  });

  it('has its work saved where it makes the patch impossible, and the manifest says so', async () => {
    const run = await runOn(await serve(), 'echo x > file; rm -rf "$HOME/../../origin"');

    const { exitCode, stdout } = await run.ended;
    const { files, skipped } = await run.manifest();

    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('no changes.patch') });
    expect(files.map(({ path }) => path)).toContain('file');
    expect(skipped).toContainEqual({ path: '.', reason: expect.stringContaining('is not in changes.patch') });
    expect(await run.objects()).not.toContain('changes.patch');
  });
});

describe.concurrent('an agent that is given secrets', () => {
  const names = ['DEPLOY_PASSWORD', 'PIN'];

  it('finds them in its environment, and whatever shows them in its output is redacted', async () => {
    const task = `
      [ "$DEPLOY_PASSWORD" = '${PASSWORD}' ] && echo given
      printf 'correct horse '; sleep 0.1; echo 'battery staple'
      printf %s "$DEPLOY_PASSWORD" | base64 >&2
      echo "$PIN"
      exit 3`;
    const run = await worker.run(task, { spec: { additionalSecrets: names } });

    const { exitCode, stdout } = await run.ended;
    const log = (await run.object('output.log')).toString('utf8');

    expect(exitCode).toBe(3);
    for (const text of [stdout, log]) {
      expect(text).toContain('given\n[redacted:DEPLOY_PASSWORD]\n');
      expect(text).not.toMatch(/battery|Y29ycmVjd/);
      expect(text).toContain('1234');
    }
    expect(stdout).toContain('Of fewer than 6 bytes, and so shown where they are printed: PIN.');
  });

  it.each([
    { case: "is another tenant's", spec: { tenantId: 'evil', additionalSecrets: ['DEPLOY_PASSWORD'] } },
    { case: "is the platform's", spec: { additionalSecrets: ['GITHUB_PAT'] } },
  ])('does not run where one that it asks for $case', async ({ spec }) => {
    const run = await worker.run('echo ran > ran', { spec });

    const { exitCode } = await run.ended;

    expect({ exitCode, ran: existsSync(join(run.workspace, 'ran')) }).toEqual({ exitCode: 1, ran: false });
    const [asked] = spec.additionalSecrets;
    expect(await run.result()).toMatchObject({ endedBy: 'worker', reason: expect.stringContaining(`/${asked}`) });
  });
});
