import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManifestFile } from '../../core/manifest.ts';
import { Branch } from '../../core/repository.ts';
import { type GitServer, git, makeRepository, serveGit } from './git-in-test.ts';
import { hostileName, hostileTexts, MARK, marksBelow, RUNS_IN_SHELL } from './hostile-words.ts';
import { openWorker, type WorkerInTest } from './worker-in-test.ts';

let worker: WorkerInTest;
let github: GitServer;
let remotes = '';

beforeAll(async () => {
  worker = await openWorker();
  remotes = join(worker.folder, 'remotes');
  makeRepository(join(remotes, 'acme', 'rocket.git'), { 'file.txt': 'one\n' });
  github = await serveGit(remotes);
});
afterAll(async () => {
  await github.close();
  await worker.close();
});

/** For bash: any bytes but NUL. */
const quoted = (bytes: Buffer) => `$'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`;

describe('a workspace whose files have hostile names', () => {
  it('is saved with every name as it is, and its patch makes the same files', async () => {
    const name = hostileName();
    const names = fc.uniqueArray(name, { minLength: 8, maxLength: 20, selector: (one) => one.toString('latin1') });

    const property = fc.asyncProperty(names, async (names) => {
      const puts = names.map((one, at) => `mkdir ${at}; printf content-${at} > ${at}/${quoted(one)}`);
      const run = await worker.run(['set -f', ...puts].join('\n'), {
        spec: { repo: 'acme/rocket' },
        environment: { GITHUB_URL: github.url },
      });

      const { exitCode, stderr } = await run.ended;
      const { files, skipped } = await run.manifest();

      expect({ exitCode, stderr, skipped: skipped.filter(({ path }) => !path.startsWith('.git/')) }).toEqual({
        exitCode: 0,
        stderr: '',
        skipped: [],
      });
      const expected = names.map((one, at) => `${at}/${one.toString('latin1')}`).sort();
      const saved = files.map(bytesOf).filter((path) => !/^(\.git\/|file\.txt$)/.test(path));
      expect(saved.sort()).toEqual(expected);
      const place = join(worker.folder, 'outside', run.dispatchId);
      mkdirSync(join(place, 'unpacked'), { recursive: true });
      execFileSync('tar', ['xzf', '-', '-C', 'unpacked'], { cwd: place, input: await run.object('workspace.tar.gz') });
      git(place, 'clone', '--quiet', join(remotes, 'acme', 'rocket.git'), 'patched');
      writeFileSync(join(place, 'changes.patch'), await run.object('changes.patch'));
      git(join(place, 'patched'), 'apply', '--binary', '../changes.patch');
      for (const folder of ['unpacked', 'patched']) expect(filesBelow(join(place, folder))).toEqual(expected);
      expect(readdirSync(place).sort()).toEqual(['changes.patch', 'patched', 'unpacked']);
    });
    await fc.assert(property, { numRuns: 5 });

    expect(marksBelow(worker.folder)).toEqual([]);
  });

  function bytesOf({ path, pathEncoding }: ManifestFile): string {
    return Buffer.from(path, pathEncoding ?? 'utf8').toString('latin1');
  }

  function filesBelow(folder: string): string[] {
    const command = ['.', '-path', './.git', '-prune', '-o', '-type', 'f', '-printf', '%P\\0'];
    const paths = execFileSync('find', command, { cwd: folder }).toString('latin1').split('\0').slice(0, -1);
    return paths.filter((path) => path !== 'file.txt').sort();
  }
});

describe('a dispatch on a repository and a branch with hostile names', () => {
  it('works on that very branch, and nothing of its name runs', async () => {
    const words = fc.constantFrom(...hostileTexts(MARK).map((text) => text.replaceAll(/[\s/~^:?*[\\\p{Cc}]+/gu, '')));
    const branches = fc
      .tuple(words, words)
      .map(([a, b]) => `${a}/${RUNS_IN_SHELL}'"\`;|&${b}`)
      .filter(isBranch);

    const property = fc.asyncProperty(
      branches,
      fc.constantFrom('-rf', '--help', '.x', 'a..b', '_'),
      async (branch, name) => {
        const remote = join(remotes, 'acme', `${name}.git`);
        if (!existsSync(remote)) makeRepository(remote, { 'file.txt': 'one\n' });
        git(remote, 'update-ref', `refs/heads/${branch}`, 'HEAD');
        const run = await worker.run('git branch --show-current; cat file.txt', {
          spec: { repo: `acme/${name}`, branch },
          environment: { GITHUB_URL: github.url },
        });

        const { exitCode, stdout, stderr } = await run.ended;

        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(stdout.split('\n')).toEqual(expect.arrayContaining([branch, 'one']));
        expect(await run.result()).toMatchObject({ repository: { branch, url: `${github.url}/acme/${name}.git` } });
        expect(readdirSync(run.workspace).sort()).toEqual(['.git', 'file.txt']);
      },
    );
    await fc.assert(property, { numRuns: 8 });

    expect(marksBelow(worker.folder)).toEqual([]);
  });

  function isBranch(text: string): boolean {
    return Branch.safeParse(text).success;
  }
});
