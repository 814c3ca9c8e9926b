import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archive } from '../../worker/pack/archive.ts';
import { type GitServer, makeRepository, serveGit } from './git-in-test.ts';
import { anotherUid, CANARIES, hostileEnvironment, linesOf } from './hostile-rig.ts';
import { openWorker, until, type WorkerInTest } from './worker-in-test.ts';

/** As in the container, where the worker is root. */
describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')(
  'a workspace that a hostile agent prepared',
  () => {
    let worker: WorkerInTest;
    let github: GitServer;

    beforeAll(async () => {
      worker = await openWorker();
      worker.keepSecrets({ '/outpost/system/GITHUB_PAT': CANARIES.token });
      makeRepository(join(worker.folder, 'remotes', 'acme', 'rocket.git'), {
        'file.txt': 'one\n',
        'other.txt': 'one\n',
      });
      github = await serveGit(join(worker.folder, 'remotes'));
    });
    afterAll(async () => {
      await github.close();
      await worker.close();
    });

    /** A folder where whatever runs leaves who it was and what it was given. */
    function marksFolder(): string {
      const folder = mkdtempSync(join(worker.folder, 'marks-'));
      chmodSync(folder, 0o1777);
      return folder;
    }

    const HOOKS = ['post-index-change', 'pre-commit', 'post-checkout', 'reference-transaction', 'fsmonitor-watchman'];

    it.each([
      {
        way: 'hooks',
        plant: `mkdir -p .git/hooks; for name in ${HOOKS.join(' ')}; do cp "$mark" ".git/hooks/$name"; done
        mkdir hooks; cp .git/hooks/* hooks; git config core.hooksPath "$PWD/hooks"`,
        use: 'git add --all; git commit --quiet --message x',
      },
      {
        way: 'core.fsmonitor',
        plant: 'git config core.fsmonitor "$mark"; git config core.fsmonitorHookVersion 2',
        use: 'git status',
      },
      {
        way: 'filters',
        plant: `git config filter.evil.clean "$mark"; git config filter.evil.smudge "$mark"; git config filter.evil.required true
        git config filter.lfs.process "$mark"; printf '*.txt filter=evil\\n*.bin filter=lfs\\n' > .gitattributes; echo x > x.bin`,
        use: 'git add --all',
      },
      {
        way: 'an external diff',
        plant:
          'git config diff.external "$mark"; git config diff.evil.command "$mark"; echo "*.txt diff=evil" > .gitattributes',
        use: 'git diff',
      },
      {
        way: 'a text conversion',
        plant: 'git config diff.evil.textconv "$mark"; echo "*.txt diff=evil" > .gitattributes',
        use: 'git diff',
      },
      {
        way: 'settings of its home, of a work tree and of a file that settings include',
        plant: `git config --global core.fsmonitor "$mark"; git config --global diff.external "$mark"
        git config extensions.worktreeConfig true; git config --worktree core.fsmonitor "$mark"
        cp .git/config more; git config include.path "$PWD/more"; git config core.attributesFile "$PWD/more-attributes"`,
        use: 'git diff; git status',
      },
      {
        way: 'a repository within the repository',
        plant: `git init --quiet inner; cp "$mark" inner/.git/hooks/post-index-change; git -C inner config core.fsmonitor "$mark"
        git -C inner config filter.evil.clean "$mark"; echo '* filter=evil' > inner/.gitattributes; echo x > inner/x`,
        use: 'git -C inner add --all',
      },
    ])('runs no program by $way, while it is packed and compared', async ({ plant, use }) => {
      const uid = anotherUid();
      const marks = marksFolder();
      const task = `
      mark="$TMPDIR/mark"
      printf '#!/bin/bash\\n{ id -u; env; } > "$(mktemp ${marks}/XXXXXX)"\\ncat\\n' > "$mark"; chmod +x "$mark"
      export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
      set +e
      ${plant}
      echo two >> file.txt
      (${use}) < /dev/null > /dev/null 2>&1
      cat ${marks}/* > "$TMPDIR/seen"; echo "RAN $(ls ${marks} | wc -l) AS $(grep -xE '[0-9]+' "$TMPDIR/seen" | sort -u)"
      grep -cE 'canar[y]|AWS_' "$TMPDIR/seen"
      rm -f ${marks}/*; echo three >> other.txt`;
      const environment = { ...hostileEnvironment(uid), GITHUB_URL: github.url };
      const run = await worker.run(task, { spec: { repo: 'acme/rocket' }, environment });

      const { exitCode, stdout } = await run.ended;

      expect({ exitCode, ran: /^RAN [1-9]\d* AS (\d+)$/m.exec(stdout)?.[1] }).toEqual({
        exitCode: 0,
        ran: String(uid),
      });
      expect(linesOf(stdout)).toContain('0');
      expect(readdirSync(marks)).toEqual([]);
      expect((await run.object('changes.patch')).toString()).toContain('+three');
    });

    it('is not waited for where its files are named pipes, which are named as left out', async () => {
      const task = `
      mkfifo pipe .outpostignore deep.txt; mkdir folder; mkfifo folder/.gitattributes
      rm other.txt; mkfifo other.txt; rm -rf .git/index; mkfifo .git/index
      timeout 0.2 cat pipe; echo "WAITED $?"`;
      const environment = { ...hostileEnvironment(anotherUid()), GITHUB_URL: github.url };
      const run = await worker.run(task.replaceAll('\n', '\nset +e;'), { spec: { repo: 'acme/rocket' }, environment });

      const began = Date.now();
      const { exitCode, stdout } = await run.ended;
      const { files, skipped } = await run.manifest();

      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('WAITED 124') });
      expect(Date.now() - began).toBeLessThan(45_000);
      expect(files.map(({ path }) => path)).toContain('file.txt');
      const reasons = new Map(skipped.map(({ path, reason }) => [path, reason]));
      expect(
        ['pipe', 'deep.txt', 'other.txt', 'folder/.gitattributes', '.git/index'].map((path) => reasons.get(path)),
      ).toEqual(Array(5).fill('is a named pipe'));
      expect(reasons.get('.outpostignore')).toBeDefined();
    });

    describe('in which links and folders are swapped all the time', () => {
      /** Swaps `folder` and `file` with links to what only root may read, until it is killed. */
      const SWAPPER = `
      const { renameSync } = require('node:fs');
      process.stdout.write('ready');
      for (;;) for (const name of ['folder', 'file']) {
        renameSync(name, name + '.aside'); renameSync(name + '.link', name);
        renameSync(name, name + '.link'); renameSync(name + '.aside', name);
      }`;

      it('leads its packer nowhere else, even one that has every right', async () => {
        const uid = anotherUid();
        const secret = mkdtempSync(join(worker.folder, 'roots-'));
        writeFileSync(join(secret, 'inner'), CANARIES.secrets, { mode: 0o600 });
        const workspace = mkdtempSync(join(worker.folder, 'swapped-'));
        execFileSync(
          'bash',
          [
            '-euc',
            `mkdir folder; echo mine | tee folder/inner > file; ln -s '${secret}' folder.link; ln -s '${secret}/inner' file.link`,
          ],
          { cwd: workspace },
        );
        execFileSync('chown', ['-hR', `${uid}:${uid}`, workspace]);
        const swapper = spawn(process.execPath, ['-e', SWAPPER], {
          cwd: workspace,
          uid,
          gid: uid,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        try {
          await once(swapper.stdout, 'data');
          const seen = new Set<string>();
          const pack = () =>
            Buffer.concat([...archive(workspace, (line) => seen.add(kindOf(line)))].map((part) => Buffer.from(part)));

          const packed = Array.from({ length: 300 }, pack);
          await until(() => {
            packed.push(pack());
            return ['link', 'file', 'changed'].every((kind) => seen.has(kind));
          });

          // Who follows where the names lead gets there.
          for (const path of ['folder/inner', 'file']) await until(() => holdsCanary(join(workspace, path)));
          expect(packed.filter((bytes) => bytes.includes(CANARIES.secrets))).toEqual([]);
        } finally {
          swapper.kill('SIGKILL');
          await once(swapper, 'close');
        }
      });

      function kindOf(line: object): string {
        const told = line as { file?: { path: string; type: string }; skipped?: { reason: string } };
        if (told.file !== undefined)
          return /^(file|folder\/inner|folder)$/.test(told.file.path) ? told.file.type : 'other';
        return /swapped|changed|vanished|not a folder/.test(told.skipped?.reason ?? '') ? 'changed' : 'other';
      }
    });

    /** Looks a few hundred times: the names lead there for microseconds. */
    function holdsCanary(path: string): boolean {
      return Array.from({ length: 200 }).some(() => {
        try {
          return readFileSync(path, 'utf8') === CANARIES.secrets;
        } catch (error) {
          if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
          throw error;
        }
      });
    }

    it('shows its agent nothing of root by links that lie in it', async () => {
      const secret = mkdtempSync(join(worker.folder, 'roots-'));
      writeFileSync(join(secret, 'inner'), CANARIES.secrets, { mode: 0o600 });
      const task = `ln -s /etc/shadow a.txt; ln -s '${secret}' b; ln -s '${secret}/inner' README.md; ln '${secret}/inner' hard || true; ln -s /proc/1/environ c`;
      const environment = { ...hostileEnvironment(anotherUid()), GITHUB_URL: github.url };
      const run = await worker.run(task, { spec: { repo: 'acme/rocket' }, environment });

      const { exitCode } = await run.ended;
      const { files } = await run.manifest();
      const names = ['workspace.tar.gz', 'changes.patch', 'manifest.json', 'output.log'];
      const saved = Buffer.concat(await Promise.all(names.map((name) => run.object(name))));

      expect(exitCode).toBe(0);
      expect(files.filter(({ type }) => type === 'link').map(({ path }) => path)).toEqual([
        'README.md',
        'a.txt',
        'b',
        'c',
      ]);
      expect(saved.includes(CANARIES.secrets)).toBe(false);
      expect(readFileSync(join(run.workspace, 'README.md'), 'utf8')).toBe(CANARIES.secrets);
    });
  },
);
