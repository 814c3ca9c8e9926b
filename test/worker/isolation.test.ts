import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitServer, makeRepository, serveGit } from './git-in-test.ts';
import { isAlive } from './processes.ts';
import { openWorker, type WorkerInTest } from './worker-in-test.ts';

/** A user for one run: the worker kills whatever else runs as its agent's. */
let lastUid = 54_320;
function anotherUser(): { AGENT_UID: string } {
  lastUid += 1;
  return { AGENT_UID: String(lastUid) };
}

const isRoot = process.getuid?.() === 0;
const TOKEN = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';

let worker: WorkerInTest;
let github: GitServer;

beforeAll(async () => {
  worker = await openWorker();
  worker.keepSecrets({ '/outpost/system/GITHUB_PAT': TOKEN });
  makeRepository(join(worker.folder, 'remotes', 'acme', 'rocket.git'), { 'README.md': '# Rocket\n' });
  github = await serveGit(join(worker.folder, 'remotes'), { login: `x-access-token:${TOKEN}` });
});
afterAll(async () => {
  await github.close();
  await worker.close();
});

describe.concurrent("an agent that runs as the worker's own user", () => {
  const count = (log: string) => log.match(/runs as the worker's own user/g)?.length;

  it('has an environment made from nothing, and the log says once whose user it is', async () => {
    const run = await worker.run('env | grep -E "AWS|TABLE|BUCKET" || echo clean; id -un');

    const { exitCode, stdout } = await run.ended;
    const [said, environment, name] = stdout.split('\n');

    expect({ exitCode, environment, count: count(stdout) }).toEqual({
      exitCode: 0,
      environment: 'clean',
      count: 1,
    });
    expect(said).toBe(
      `[outpost] The agent runs as the worker's own user, ${name}: it can read and change whatever that user can.`,
    );
  });

  it('is told of once at a warm slot too, though its CLI runs twice', async () => {
    const run = await worker.wait('echo ran');
    await run.is('WARM');

    await run.claim();
    await run.assign();
    const { stdout } = await run.ended;

    expect({ ran: stdout.split('\n').includes('ran'), count: count(stdout) }).toEqual({ ran: true, count: 1 });
  });
});

// As in the container: only root can give the agent a user of its own.
if (isRoot) {
  describe.concurrent('an agent with a user of its own', () => {
    it('owns its workspace and its home, and has no group but its own', async () => {
      const environment = anotherUser();
      const run = await worker.run('id -u; id -G; touch file "$HOME/file" "$TMPDIR/file"', { environment });

      const { exitCode, stdout } = await run.ended;

      expect({ exitCode, lines: stdout.split('\n').slice(0, 2) }).toEqual({
        exitCode: 0,
        lines: [environment.AGENT_UID, environment.AGENT_UID],
      });
      expect(statSync(run.workspace).uid).toBe(Number(environment.AGENT_UID));
    });

    it('can look into nothing of the worker', async () => {
      const run = await worker.run(
        `base="$(dirname "$(dirname "$HOME")")"
        for secret in /proc/$PPID/environ "$base/output.log"; do
          cat "$secret" > /dev/null 2>&1 && echo "READ $secret"
        done
        ls "$base" > /dev/null 2>&1 && echo "LISTED $base"
        kill -0 $PPID 2> /dev/null && echo SIGNALLED
        echo done`,
        { environment: anotherUser() },
      );

      const { exitCode, stdout } = await run.ended;

      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'done\n[outpost] Uploaded 0 files.\n' });
    });

    it('may open its own outputs by name', async () => {
      const run = await worker.run('echo out > /dev/stdout; echo err > /dev/stderr', { environment: anotherUser() });

      const { exitCode, stdout } = await run.ended;

      expect(exitCode).toBe(0);
      expect(stdout.split('\n')).toEqual(expect.arrayContaining(['out', 'err']));
    });

    it('has its workspace packed with its own rights', async () => {
      const run = await worker.run('echo x > mine; echo x > closed; chmod 000 closed; mkdir -m 0 shut', {
        environment: anotherUser(),
      });

      const { exitCode } = await run.ended;
      const { files, skipped } = await run.manifest();

      expect(exitCode).toBe(0);
      expect(files.map(({ path }) => path)).toEqual(['mine']);
      expect(skipped).toEqual([
        { path: 'closed', reason: 'cannot be read: permission denied' },
        { path: 'shut', reason: 'cannot be read: permission denied' },
      ]);
    });

    it('owns the clone that it is given, and cannot touch what its changes are measured from', async () => {
      const task = `
        stat -c %u README.md .git .git/config
        grep -rs '${TOKEN}' . "$HOME" "$TMPDIR" || true
        env | grep '${TOKEN}' || true
        origin="$(dirname "$(dirname "$HOME")")/origin"
        find "$origin" -type f | while read -r file; do
          [ "$(stat -c %u "$file")" = 0 ] || echo "MINE $file"
          if (echo x >> "$file") 2> /dev/null; then echo "WRITTEN $file"; fi
        done
        rm -rf "$origin" .git 2> /dev/null || true
        [ -s "$origin/HEAD" ] && echo kept
        echo more >> README.md`;
      const environment = { ...anotherUser(), GITHUB_URL: github.url };
      const run = await worker.run(task, { spec: { repo: 'acme/rocket' }, environment });

      const { exitCode, stdout } = await run.ended;
      const patch = (await run.object('changes.patch')).toString('utf8');

      expect({ exitCode, lines: stdout.split('\n').filter((line) => !line.startsWith('[outpost]')) }).toEqual({
        exitCode: 0,
        lines: [...Array.from({ length: 3 }, () => environment.AGENT_UID), 'kept', ''],
      });
      expect(patch).toMatch(/^diff --git a\/README\.md b\/README\.md\n[\s\S]*\+more\n$/);
    });

    it('leaves no process behind that dropped every other trace', async () => {
      const run = await worker.run(
        `here="$PWD"
        (cd / && env -i setsid bash -c 'echo $$ > "$0/pid"; exec sleep 300' "$here" > /dev/null 2>&1 &)
        until [ -s pid ]; do sleep 0.05; done`,
        { environment: anotherUser() },
      );

      const { exitCode } = await run.ended;

      const pid = Number(readFileSync(join(run.workspace, 'pid'), 'utf8'));
      expect({ exitCode, alive: isAlive(pid) }).toEqual({ exitCode: 0, alive: false });
    });
  });
} else {
  it('refuses to give the agent another user where it is not root', async () => {
    const run = await worker.run('true', { environment: anotherUser() });

    const { exitCode, stdout } = await run.ended;

    expect(exitCode).toBe(65);
    expect(stdout).toContain('only root can run the agent as another user');
  });
}
