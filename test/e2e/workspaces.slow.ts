import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentAssembly } from '../../local/assembly.ts';
import { commit, type GitServer, makeRepository, serveGit } from '../worker/git-in-test.ts';
import { type Answer, bootHarness, eventually, type Harness } from './harness.ts';
import { killWorker } from './nothing-is-lost-hands.ts';

const LEASE_SECONDS = '6';

let folder = '';
let server: GitServer;
let harness: Harness;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-workspaces-'));
  server = await serveGit(join(folder, 'remotes'));
  harness = await bootHarness({ assembly: await assemblyFor(server.url) });
}, 120_000);
afterAll(async () => {
  await harness?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The project's own assembly, with another GitHub, and leases that do not keep a test waiting. */
async function assemblyFor(url: string): Promise<string> {
  const assembly = join(folder, 'cdk.out');
  cpSync(await currentAssembly(() => {}), assembly, { recursive: true });
  const [name = ''] = readdirSync(assembly).filter((file) => file.endsWith('.template.json'));
  const template = JSON.parse(readFileSync(join(assembly, name), 'utf8'));
  for (const { Type, Properties } of Object.values<Answer['body']>(template.Resources)) {
    if (Type !== 'AWS::ECS::TaskDefinition') continue;
    const variables = Properties.ContainerDefinitions[0].Environment;
    variables.find(({ Name }: { Name: string }) => Name === 'GITHUB_URL').Value = url;
    variables.push({ Name: 'WORKSPACE_LEASE_SECONDS', Value: LEASE_SECONDS });
  }
  writeFileSync(join(assembly, name), JSON.stringify(template));
  return assembly;
}

function repository(name: string): string {
  const path = join(folder, 'remotes', 'acme', `${name}.git`);
  makeRepository(path, { 'README.md': `# ${name}\n` });
  return path;
}

function post(name: string, task: string, more: object = {}): Promise<string> {
  return harness.shell(task, { repo: `acme/${name}`, workspaceMode: 'persistent', ...more });
}

async function logOf(id: string): Promise<string[]> {
  const { body } = await harness.call('GET', `/dispatch/${id}?logs=100`);
  return (body.data.logs?.lines ?? []).map(({ message }: { message: string }) => message);
}

async function said(id: string, text: string): Promise<void> {
  await eventually(
    () => logOf(id),
    (lines) => lines.includes(text),
    30_000,
  );
}

const HOLD = 'echo first > first; echo holding; until [ -e go ]; do sleep 0.05; done; echo last >> first';

/** Here, workspaces are the operator's own folders. */
function letGo(name: string): void {
  const [fileSystem = ''] = readdirSync(join(harness.folder, 'efs'));
  writeFileSync(join(harness.folder, 'efs', fileSystem, 'users/local/workspaces/acme', name, 'go'), '');
}

describe.concurrent('persistent workspaces', () => {
  it('are kept from one dispatch to the next, whose agents run cold', async () => {
    const remote = repository('kept');
    const first = await post(
      'kept',
      'echo note > note; git -c user.name=x -c user.email=x@y commit -qam x --allow-empty',
    );
    const view = await harness.ended(first);
    commit(remote, 'More', { 'more.txt': 'more\n' });

    const second = await post('kept', 'cat note; git log --format=%s');
    const after = await harness.ended(second);

    expect(view).toMatchObject({ status: 'success', startedOn: 'cold', workspaceMode: 'persistent' });
    expect(after).toMatchObject({ status: 'success', startedOn: 'cold' });
    expect((await logOf(second)).join('\n')).toMatch(/has commits that the remote's does not have.*\nnote\nx\nBegin/);
  });

  it('are had by one dispatch at a time: the other says what it waits for, and then finds what was left', async () => {
    repository('queue');
    const first = await post('queue', HOLD);
    await said(first, 'holding');
    const second = await post('queue', 'cat first');

    const waiting = await harness.when(second, ({ waitingFor }) => waitingFor !== undefined);
    letGo('queue');
    const ends = [await harness.ended(first), await harness.ended(second)];

    expect(waiting).toMatchObject({
      status: 'running',
      waitingFor: { workspace: 'acme/queue', dispatchId: first },
    });
    expect(ends.map(({ status }) => status)).toEqual(['success', 'success']);
    expect(ends[1]).not.toHaveProperty('waitingFor');
    expect(await logOf(second)).toEqual(expect.arrayContaining(['first', 'last']));
  });

  it('are not waited for any more once the dispatch is cancelled', async () => {
    repository('cancelled');
    const first = await post('cancelled', HOLD);
    await said(first, 'holding');
    const second = await post('cancelled', 'echo ran > ran');
    await harness.when(second, ({ waitingFor }) => waitingFor !== undefined);

    await harness.call('DELETE', `/dispatch/${second}`);
    const ended = await harness.ended(second);
    const firstLives = (await harness.call('GET', `/dispatch/${first}`)).body.data.status;
    letGo('cancelled');
    await harness.ended(first);

    expect([ended.status, firstLives]).toEqual(['cancelled', 'running']);
    expect(ended).not.toHaveProperty('waitingFor');
  });

  it('make a dispatch time out that waits too long, and its reason says for what', async () => {
    repository('late');
    const first = await post('late', HOLD);
    await said(first, 'holding');
    const second = await post('late', 'echo ran > ran', { timeoutSeconds: 2 });

    const ended = await harness.ended(second);
    letGo('late');
    await harness.ended(first);

    expect(ended).toMatchObject({
      status: 'timeout',
      reason: `The agent did not finish within its 2 seconds: it waited for the workspace acme/late, which the dispatch ${first} has.`,
    });
  });

  it('go to the next one when the worker that had one is killed', async () => {
    repository('killed');
    const first = await post('killed', HOLD);
    await said(first, 'holding');
    const second = await post('killed', 'cat first');
    await harness.when(second, ({ waitingFor }) => waitingFor !== undefined);

    killWorker(first);
    const ends = [await harness.ended(first, 60_000), await harness.ended(second, 60_000)];

    expect(ends.map(({ status }) => status)).toEqual(['failed', 'success']);
    expect(await logOf(second)).toContain('first');
  });

  it('are kept by a replay, which runs in the same one', async () => {
    repository('replayed');
    const id = await post('replayed', 'cat note 2> /dev/null || { echo note > note; exit 3; }');
    await harness.when(id, ({ status }) => status === 'failed');

    await harness.call('POST', `/dispatch/${id}/replay`);
    const ended = await harness.when(id, ({ attempt, status }) => attempt === 2 && status === 'success');

    expect(ended).toMatchObject({ startedOn: 'cold', workspaceMode: 'persistent' });
    expect(await logOf(id)).toContain('note');
  });

  it('are refused without a repository', async () => {
    const { status, body } = await harness.call('POST', '/dispatch', {
      agent: 'shell',
      task: 'true',
      workspaceMode: 'persistent',
    });

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('can be persistent with repo alone');
  });

  it('are not seen by an ordinary dispatch, whose workspace is a clone of its own', async () => {
    repository('ordinary');
    await harness.ended(await post('ordinary', 'echo note > note'));

    const id = await harness.shell('ls; env', { repo: 'acme/ordinary' });
    const ended = await harness.ended(id);

    expect(ended.status).toBe('success');
    expect(await logOf(id)).not.toContain('note');
    expect((await logOf(id)).join()).not.toContain('efs');
    expect(existsSync(join(harness.folder, 'efs'))).toBe(true);
  });
});
