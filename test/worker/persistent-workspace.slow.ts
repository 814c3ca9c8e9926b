import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commit, type GitServer, git } from './git-in-test.ts';
import type { WorkerRun } from './worker-in-test.ts';
import { openWorkspaces, type WorkspacesInTest } from './workspaces-in-test.ts';

let world: WorkspacesInTest;
let server: GitServer;

beforeAll(async () => {
  world = await openWorkspaces();
  server = await world.serve();
});
afterAll(() => world.close());

/** Each repository has a tenant of its own: here, unlike in containers, agents of one user would take each other for theirs. */
async function begin(repo: string, task: string, spec: object = {}): Promise<WorkerRun> {
  return world.run(server, repo, task, { spec: { tenantId: tenantOf(repo), ...spec } });
}

async function done(repo: string, task: string, spec: object = {}): Promise<WorkerRun & { log: string }> {
  const run = await begin(repo, task, spec);
  const { exitCode, stdout, stderr } = await run.ended;
  if (exitCode !== 0) throw new Error(`exit ${exitCode}\n${stdout}\n${stderr}`);
  return { ...run, log: stdout };
}

function tenantOf(repo: string): string {
  return repo.slice('acme/'.length);
}

describe('a persistent workspace', () => {
  it('is a clone at first, and later the same folder with whatever was left there', async () => {
    const remote = world.repository('rocket', { 'README.md': '# Rocket\n' });

    const first = await done('acme/rocket', 'echo mine > notes; echo more >> README.md; pwd');
    const second = await done('acme/rocket', 'cat notes README.md; git status --short');

    const commitId = git(remote, 'rev-parse', 'HEAD');
    expect(await first.result()).toMatchObject({
      workspace: { name: 'acme/rocket', state: 'created', branch: 'main', commit: commitId },
    });
    expect(second.log).toContain('mine\n# Rocket\nmore\n M README.md\n?? notes\n');
    expect(await second.result()).toMatchObject({ workspace: { state: 'current', commit: commitId } });
  });

  it('is taken to what was fetched, and keeps changes that are not committed', async () => {
    const remote = world.repository('forward', { 'a.txt': 'a\n', 'b.txt': 'b\n' });
    await done('acme/forward', 'echo local >> a.txt; echo new > new.txt');
    commit(remote, 'More', { 'b.txt': 'b2\n', 'c.txt': 'c\n' });

    const run = await done('acme/forward', 'cat a.txt b.txt c.txt new.txt; git log --format=%s; git fsck');

    expect(run.log).toContain('a\nlocal\nb2\nc\nnew\nMore\n');
    expect(await run.result()).toMatchObject({
      workspace: { state: 'advanced', commit: git(remote, 'rev-parse', 'HEAD') },
    });
  });

  it('stays as it is where changes would be overwritten, and says so', async () => {
    const remote = world.repository('conflict', { 'a.txt': 'a\n' });
    await done('acme/conflict', 'echo local >> a.txt');
    commit(remote, 'More', { 'a.txt': 'other\n' });

    const run = await done('acme/conflict', 'cat a.txt');

    expect(run.log).toContain('a\nlocal\n');
    expect(await run.result()).toMatchObject({
      workspace: { state: 'kept', note: expect.stringContaining('would be overwritten by checkout: a.txt') },
    });
    expect(run.log).toContain('The workspace acme/conflict is kept');
  });

  it('leaves a patch that makes the same tree of a fresh clone, whatever it was taken from', async () => {
    const remote = world.repository('patched', { 'a.txt': 'a\n', 'b.txt': 'b\n' });
    await done('acme/patched', 'echo one > one; git add one; git -c user.name=x -c user.email=x@y commit -qm one');
    commit(remote, 'More', { 'b.txt': 'b2\n', 'c.txt': 'c\n' });

    const run = await done('acme/patched', 'echo two > two; rm a.txt');

    const other = join(world.worker.folder, `other-${run.dispatchId}`);
    git(world.worker.folder, 'clone', '--quiet', remote, other);
    writeFileSync(`${other}.patch`, await run.object('changes.patch'));
    git(other, 'apply', `${other}.patch`);
    const files = (folder: string) =>
      execFileSync(
        'find',
        ['.', '-path', './.git', '-prune', '-o', '-type', 'f', '-print', '-exec', 'cat', '{}', ';'],
        { cwd: folder },
      )
        .toString('utf8')
        .split('\n')
        .sort()
        .join('\n');
    expect(files(other)).toBe(files(world.workspace('acme/patched', 'patched')));
    expect(await run.result()).toMatchObject({
      workspace: { state: 'kept', note: expect.stringContaining('has commits') },
    });
  });

  it('keeps local commits, and goes on with the remote once that has them', async () => {
    const remote = world.repository('commits', { 'a.txt': 'a\n' });
    const commitMine = 'echo mine > mine; git add mine; git -c user.name=x -c user.email=x@y commit -qm mine';
    await done('acme/commits', commitMine);
    commit(remote, 'Theirs', { 'b.txt': 'b\n' });
    const kept = await done('acme/commits', 'git log --format=%s; git log --format=%s origin/main');
    git(world.workspace('acme/commits', 'commits'), 'push', '--quiet', remote, 'main:mine');
    git(remote, 'merge', '--quiet', '-m', 'Merged', 'mine');

    const merged = await done('acme/commits', 'cat mine b.txt; git log -1 --format=%s');

    expect(kept.log).toMatch(/\nmine\nBegin\nTheirs\n/);
    expect(await merged.result()).toMatchObject({ workspace: { state: 'advanced' } });
    expect(merged.log).toContain('mine\nb\nMerged\n');
  });

  it('is switched to the branch that a dispatch names, and stays there for one that names none', async () => {
    const remote = world.repository('branches', { 'a.txt': 'main\n' });
    git(remote, 'checkout', '--quiet', '-b', 'next');
    commit(remote, 'Next', { 'a.txt': 'next\n' });
    git(remote, 'checkout', '--quiet', 'main');
    await done('acme/branches', 'echo note > note');

    const named = await done('acme/branches', 'git branch --show-current; cat a.txt note', { branch: 'next' });
    commit(remote, 'Later', { 'b.txt': 'b\n' });
    const unnamed = await done('acme/branches', 'git branch --show-current; git log -1 --format=%s origin/main');
    const back = await done('acme/branches', 'git branch --show-current; cat a.txt b.txt note', { branch: 'main' });

    expect(named.log).toContain('next\nnext\nnote\n');
    expect(await named.result()).toMatchObject({ workspace: { state: 'advanced', branch: 'next' } });
    expect(unnamed.log).toContain('next\nLater\n');
    expect(await unnamed.result()).toMatchObject({ workspace: { state: 'kept', branch: 'next' } });
    expect(back.log).toContain('main\nmain\nb\nnote\n');
  });

  it('does not begin on another branch than is named, and says what is in the way', async () => {
    const remote = world.repository('stuck', { 'a.txt': 'main\n' });
    git(remote, 'checkout', '--quiet', '-b', 'next');
    commit(remote, 'Next', { 'a.txt': 'next\n' });
    git(remote, 'checkout', '--quiet', 'main');
    await done('acme/stuck', 'echo mine > a.txt');

    const run = await begin('acme/stuck', 'echo ran > ran', { branch: 'next' });
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(1);
    expect((await run.result()).reason).toMatch(/on the branch main and cannot be switched to next: .*a\.txt/);
    expect(existsSync(join(world.workspace('acme/stuck', 'stuck'), 'ran'))).toBe(false);
  });

  it('keeps a commit that is on no branch when it is switched away from', async () => {
    world.repository('loose', { 'a.txt': 'a\n' });
    const loose =
      'git checkout -q --detach; echo x > x; git add x; git -c user.name=x -c user.email=x@y commit -qm loose';
    await done('acme/loose', loose);

    const run = await done('acme/loose', 'git for-each-ref --format="%(refname) %(subject)" refs/heads', {
      branch: 'main',
    });

    expect(run.log).toMatch(/refs\/heads\/main Begin\nrefs\/heads\/outpost\/[0-9a-f]{12} loose\n/);
  });

  it.each([
    ['its HEAD is damaged', 'echo nonsense > .git/HEAD', 'HEAD names neither'],
    ['its .git leads elsewhere', 'mv .git other; ln -s other .git', 'no folder'],
    ['git would wait for a pipe', 'rm .git/index; mkfifo .git/index', 'neither a file nor a folder'],
    ['its commit is gone', 'rm -rf .git/objects/*', 'cannot be read'],
  ])('where %s, fails with a remedy and deletes nothing', async (_, damage, words) => {
    const name = `broken-${words.replace(/\W+/g, '').toLowerCase()}`;
    world.repository(name, { 'a.txt': 'a\n' });
    await done(`acme/${name}`, `echo precious > precious; ${damage}`);

    const run = await begin(`acme/${name}`, 'echo ran');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(1);
    const { reason } = await run.result();
    expect(reason).toContain(words);
    expect(reason).toContain('RUNBOOK');
    expect(readFileSync(join(world.workspace(`acme/${name}`, name), 'precious'), 'utf8')).toBe('precious\n');
  });

  it('is given a fresh .git where it has none, and keeps its files', async () => {
    world.repository('gitless', { 'a.txt': 'a\n' });
    await done('acme/gitless', 'rm -rf .git; echo changed > a.txt; echo new > new.txt');

    const run = await done('acme/gitless', 'git status --short; cat a.txt new.txt');

    expect(run.log).toContain(' M a.txt\n?? new.txt\nchanged\nnew\n');
    expect(await run.result()).toMatchObject({
      workspace: { state: 'created', note: expect.stringContaining('no .git') },
    });
  });

  it('goes on where git was killed and left its locks', async () => {
    const remote = world.repository('locked', { 'a.txt': 'a\n' });
    await done('acme/locked', 'touch .git/index.lock .git/HEAD.lock .git/refs/heads/main.lock');
    commit(remote, 'More', { 'a.txt': 'more\n' });

    const run = await done('acme/locked', 'cat a.txt; git status --short');

    expect(run.log).toContain('more\n');
    expect(await run.result()).toMatchObject({ workspace: { state: 'advanced' } });
  });

  it('is counted when its dispatch ends, and free', async () => {
    world.repository('counted', { 'a.txt': 'a\n' });
    const run = await done('acme/counted', 'head -c 100000 /dev/zero > zeros');

    const found = await world.store.get({ userId: 'counted', workspaceId: 'acme/counted' });

    expect(found).toMatchObject({ lastDispatchId: run.dispatchId, sizeIsPartial: false });
    expect(found?.sizeBytes).toBeGreaterThan(100_000);
    expect(found?.fileCount).toBeGreaterThan(5);
    expect(found).not.toHaveProperty('heldBy');
  });
});

const TOKEN = 'ghp_platformPlatformPlatformPlatform0001';

describe('what an agent plants in its workspace', () => {
  // Each would run when git fetches, merges, checks out or asks for a password by the workspace's own settings.
  const plant = `
    set +e
    for hook in post-checkout post-merge pre-auto-gc reference-transaction post-index-change fsmonitor-watchman; do
      printf '#!/bin/sh\\nenv > "%s/hook-%s"\\n' "$MARKS" "$hook" > .git/hooks-$hook; mkdir -p .git/hooks
      mv .git/hooks-$hook .git/hooks/$hook; chmod +x .git/hooks/$hook
    done
    git config core.fsmonitor "$MARKER/fsmonitor"
    git config core.sshCommand "$MARKER/ssh"
    git config credential.helper "$MARKER/helper"
    git config core.askPass "$MARKER/askpass"
    git config core.alternateRefsCommand "$MARKER/alternates"
    git config filter.evil.smudge "$MARKER/smudge"
    git config filter.evil.clean "$MARKER/clean"
    git config url.ext::evil.insteadOf http
    git config include.path "$MARKS/more-settings"
    echo '* filter=evil' > .gitattributes
    mkdir -p .git/objects/info; echo /nowhere/objects > .git/objects/info/alternates`;

  it('does not run with the token, and not at all, when the next dispatch fetches', async () => {
    world.worker.keepSecrets({ '/outpost/system/GITHUB_PAT': TOKEN });
    const remote = world.repository('hostile', { 'a.txt': 'a\n' });
    const guarded = await world.serve({ login: `x-access-token:${TOKEN}` });
    const marks = join(world.worker.folder, 'marks');
    mkdirSync(marks, { mode: 0o777 });
    chmodSync(marks, 0o777);
    const tools = join(world.worker.folder, 'tools');
    mkdirSync(tools);
    for (const name of ['fsmonitor', 'ssh', 'helper', 'askpass', 'alternates', 'smudge', 'clean']) {
      writeFileSync(join(tools, name), `#!/bin/sh\nenv > ${marks}/${name}\ncat\n`, { mode: 0o755 });
    }
    const prepare = `MARKS=${marks}; MARKER=${tools}; ${plant}`;
    const spec = { tenantId: 'hostile' };
    const first = await world.run(guarded, 'acme/hostile', prepare, { spec });
    expect((await first.ended).exitCode).toBe(0);
    rmSync(marks, { recursive: true });
    mkdirSync(marks);
    chmodSync(marks, 0o777);
    commit(remote, 'More', { 'b.txt': 'b\n' });

    const second = await world.run(guarded, 'acme/hostile', `ls ${marks}; cat b.txt; git status > ${marks}/proof`, {
      spec,
    });
    const { exitCode, stdout } = await second.ended;

    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('\nb\n') });
    expect(await second.result()).toMatchObject({ workspace: { state: 'advanced' } });
    const ran = stdout
      .split('\n')
      .filter((line) => /^(hook-|fsmonitor|ssh|helper|askpass|alternates|smudge|clean)/.test(line));
    expect(ran).toEqual([]);
    // What was planted does run for whoever trusts it: the agent's own \`git status\`.
    expect(readdirSync(marks)).toContain('fsmonitor');
    for (const name of readdirSync(marks)) expect(readFileSync(join(marks, name), 'utf8')).not.toContain(TOKEN);
  });
});
