import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AgentUser, agentUser } from '../../worker/agent/agent-user.ts';
import { keepBase } from '../../worker/repository/base-tree.ts';
import { changesPatch, type PatchRequest } from '../../worker/repository/changes-patch.ts';
import { cloneRepository } from '../../worker/repository/clone.ts';
import { git, makeRepository } from './git-in-test.ts';
import { until } from './worker-in-test.ts';

const isRoot = process.getuid?.() === 0;
const user: AgentUser = isRoot ? agentUser(54_302) : agentUser(undefined);
const root = mkdtempSync(join(tmpdir(), 'outpost-patch-'));
const origin = join(root, 'origin');
/** The same, of the test's own user: git clones from nobody else's folder. */
const pristine = join(root, 'pristine');
const program = { file: process.execPath, args: [join(root, 'patch.mjs')] };

const TEXT = Array.from({ length: 60 }, (_, line) => `line ${line}\n`).join('');
const FILES = {
  'README.md': '# Rocket\n',
  'src/text.txt': TEXT,
  'src/other.txt': 'no newline at the end',
  'binary.bin': Buffer.from([0, 1, 2, 255, 0, 10]),
  'run.sh': '#!/bin/sh\n',
  '.gitignore': '*.log\n/secret/\n',
  'windows.txt': 'a\r\nb\r\n',
  'na me/ü"\n\t`$(id)`.txt': 'odd\n',
  'kept.log': 'tracked although ignored\n',
};

beforeAll(async () => {
  chmodSync(root, 0o755);
  makeRepository(origin, FILES);
  execFileSync('cp', ['-R', origin, pristine]);
  if (isRoot) execFileSync('chown', ['-R', String(user.identity.uid), origin]);
  await build({
    stdin: {
      contents: `import { patch } from './worker/pack/patch.ts'; await patch(process.argv[2]);`,
      resolveDir: join(import.meta.dirname, '../..'),
      loader: 'ts',
    },
    outfile: program.args[0] ?? '',
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
});
afterAll(() => execFileSync('rm', ['-rf', root]));

interface Prepared {
  readonly workspace: string;
  readonly request: PatchRequest;
}

/** A clone of the origin as the worker makes it, and what its patch needs. */
async function prepare(): Promise<Prepared> {
  const folder = mkdtempSync(join(root, 'run-'));
  const workspace = join(folder, 'workspace');
  mkdirSync(workspace);
  if (isRoot) {
    chmodSync(folder, 0o711);
    execFileSync('chown', [String(user.identity.uid), workspace]);
  }
  const cloned = await cloneRepository({
    repo: `file://${origin}`,
    workspace,
    home: folder,
    user,
    stop: new AbortController().signal,
    redact: (text) => text,
    say: () => undefined,
    protocols: ['file'],
  });
  const base = await keepBase(cloned, workspace, folder, user);
  return { workspace, request: { program, base, workspace, folder, user } };
}

let prepared: Prepared;
let workspace = '';
beforeEach(async () => {
  prepared = await prepare();
  workspace = prepared.workspace;
});

/** Does something in the workspace as the agent. */
function asAgent(script: string): void {
  execFileSync('bash', ['-euc', script], { cwd: workspace, stdio: ['ignore', 'ignore', 'pipe'], ...user.identity });
}

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(workspace, path)), { recursive: true });
  writeFileSync(join(workspace, path), content);
}

/** Files that the test wrote become the agent's. */
function giveToAgent(): void {
  if (isRoot) execFileSync('chown', ['-hR', `${user.identity.uid}:${user.identity.gid}`, workspace]);
}

async function patchOf(request: Partial<PatchRequest> = {}) {
  giveToAgent();
  const parts: Buffer[] = [];
  const making = changesPatch({ ...prepared.request, ...request });
  for (;;) {
    const { value, done } = await making.next();
    if (done) return { patch: Buffer.concat(parts), skipped: value };
    parts.push(Buffer.from(value));
  }
}

/** A fresh clone of the origin with the patch applied, as a tree of git's. */
function treeAfter(patch: Buffer): { folder: string; tree: string } {
  const folder = mkdtempSync(join(root, 'fresh-'));
  git(root, 'clone', '--quiet', pristine, folder);
  writeFileSync(join(folder, '.git', 'changes.patch'), patch);
  if (patch.length > 0) git(folder, 'apply', '--binary', '--whitespace=nowarn', '.git/changes.patch');
  return { folder, tree: treeOf(folder) };
}

/** What is in a folder, as git would commit it. */
function treeOf(folder: string): string {
  git(folder, 'add', '--all');
  return git(folder, 'write-tree');
}

describe('changes.patch', () => {
  it('is empty where nothing has changed', async () => {
    const { patch, skipped } = await patchOf();

    expect({ patch: patch.toString(), skipped }).toEqual({ patch: '', skipped: [] });
  });

  it('makes the agent’s tree of a fresh clone', async () => {
    put('src/text.txt', TEXT.replace('line 30', 'changed'));
    put('binary.bin', Buffer.from([0, 9, 9, 255]));
    put('new/empty', '');
    put('new/bytes', Buffer.from([0, 200, 10, 13, 0]));
    put('windows.txt', 'a\r\nc\r\n');
    put('kept.log', 'changed\n');
    chmodSync(join(workspace, 'run.sh'), 0o755);
    renameSync(join(workspace, 'src/other.txt'), join(workspace, 'moved.txt'));
    rmSync(join(workspace, 'README.md'));
    symlinkSync('/etc/passwd', join(workspace, 'README.md'));
    rmSync(join(workspace, 'na me'), { recursive: true });
    writeFileSync(join(workspace, 'na me'), 'a file where a folder was\n');
    writeFileSync(Buffer.concat([Buffer.from(`${workspace}/bad`), Buffer.from([0xff])]), 'no text in its name\n');

    const { patch, skipped } = await patchOf();

    const { tree, folder } = treeAfter(patch);
    expect(skipped).toEqual([]);
    expect(lstatSync(join(folder, 'README.md')).isSymbolicLink()).toBe(true);
    expect(tree).toBe(treeOf(workspace));
  });

  it('makes any agent’s tree of a fresh clone', async () => {
    const name = fc.constantFrom(
      'src/text.txt',
      'binary.bin',
      'a',
      'a/b',
      'a/b/c',
      'na me',
      '-rf',
      'new\nline',
      'é',
      '"',
      'x y ',
    );
    const content = fc.oneof(
      fc.string().map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(Buffer.from(TEXT.replace('line 7', 'seven'))),
    );
    const step = fc.oneof(
      fc.record({ name, content, mode: fc.constantFrom(0o644, 0o755) }),
      fc.record({ name, link: fc.constantFrom('..', '/etc', 'src', 'no\nwhere') }),
      fc.record({ name, to: name }),
      fc.record({ name, gone: fc.constant(true) }),
    );

    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          for (const change of steps) tryToChange(change);

          const { patch, skipped } = await patchOf();

          expect(skipped).toEqual([]);
          expect(treeAfter(patch).tree).toBe(treeOf(workspace));
        })
        .beforeEach(async () => {
          prepared = await prepare();
          workspace = prepared.workspace;
        }),
      { numRuns: 5 },
    );
  });

  it('does not need the workspace’s own git, and nothing in it changes the patch', async () => {
    put('new.txt', 'new\n');
    asAgent('git add . && git -c user.name=x -c user.email=x@y commit -qm mine && rm -rf .git && git init -q .');

    const { patch } = await patchOf();

    expect(patch.toString()).toContain('+++ b/new.txt');
  });

  it('leaves out what .gitignore names and git does not track', async () => {
    put('debug.log', 'SECRET');
    put('secret/key', 'SECRET');
    put('seen.txt', 'seen');

    const { patch } = await patchOf();

    expect(patch.toString()).toContain('seen.txt');
    expect(patch.toString()).not.toContain('SECRET');
  });

  it('leaves out what a CLI keeps for itself', async () => {
    put('.aider.tags.cache.v4/cache.db', 'x');
    put('new', 'x\n');

    const { patch } = await patchOf();

    expect(patch.toString().match(/^diff.*/gm)).toEqual(['diff --git a/new b/new']);
  });

  it('leaves out what .outpostignore names, also what git tracks', async () => {
    put('.outpostignore', '/src/\n*.tmp\n!keep.tmp\n');
    put('src/text.txt', 'SECRET');
    rmSync(join(workspace, 'src/other.txt'));
    put('deep/x.tmp', 'SECRET');
    put('deep/keep.tmp', 'kept');

    const { patch } = await patchOf();

    const names = patch.toString().match(/^diff --git .*$/gm);
    expect(names).toEqual([
      'diff --git a/.outpostignore b/.outpostignore',
      'diff --git a/deep/keep.tmp b/deep/keep.tmp',
    ]);
  });

  it('holds the files of repositories within the workspace, without their .git', async () => {
    asAgent(`git init -q app && echo 1 > app/one && mkdir -p app/deep && git init -q app/deep/er && echo 2 > app/deep/er/two
      git -C app -c user.name=x -c user.email=x@y commit -q --allow-empty -m mine && git init -q src && rm src/other.txt
      mkdir secret && git init -q secret/repo && echo SECRET > secret/repo/key`);

    const { patch, skipped } = await patchOf();

    const { folder } = treeAfter(patch);
    expect(skipped).toEqual([]);
    expect(['app/one', 'app/deep/er/two', 'src/text.txt'].map((path) => existsSync(join(folder, path)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['app/.git', 'src/other.txt', 'secret'].map((path) => existsSync(join(folder, path)))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('leaves out and names what is too large, and what the agent may not read', async () => {
    put('large', Buffer.alloc(2_000, 1));
    put('src/text.txt', 'x'.repeat(3_000));
    put('closed', 'x');
    chmodSync(join(workspace, 'closed'), 0);
    put('fine', 'x');

    const { patch, skipped } = await patchOf({ maxFileBytes: 1_000 });

    expect(patch.toString().match(/^diff --git .*$/gm)).toEqual(['diff --git a/fine b/fine']);
    expect(skipped.slice(0, 2)).toEqual([
      { path: 'large', reason: 'is not in changes.patch: it has 2000 bytes' },
      { path: 'src/text.txt', reason: 'is not in changes.patch: it has 3000 bytes' },
    ]);
    expect(skipped[2]?.reason).toContain('open("closed"): Permission denied');
  });

  it('holds a file that git takes for bytes because of its size', async () => {
    put('big.txt', Buffer.alloc(5 * 1024 * 1024, 'text\n'));

    const { patch } = await patchOf();

    const { tree } = treeAfter(patch);
    expect(tree).toBe(treeOf(workspace));
  });

  it('runs nothing that the agent has planted', async () => {
    const proof = join(workspace, 'PROOF');
    const plant = `sh -c 'echo ran >> ${proof}; cat'`;
    asAgent(`
      mkdir -p .git/hooks sub && printf '#!/bin/sh\\necho ran >> ${proof}\\n' > hook && chmod +x hook
      for name in post-index-change pre-commit fsmonitor-watchman post-checkout; do cp hook .git/hooks/$name; done
      git config core.fsmonitor "$PWD/hook"; git config core.hooksPath "$PWD/.git/hooks"; git config core.pager "$PWD/hook"
      git config diff.external "$PWD/hook"; git config diff.evil.command "$PWD/hook"; git config diff.evil.textconv "$PWD/hook"
      git config filter.evil.clean "${plant}"; git config filter.evil.smudge "${plant}"; git config filter.evil.process "$PWD/hook"
      git config credential.helper "$PWD/hook"; git config core.sshCommand "$PWD/hook"; git config core.attributesFile "$PWD/attributes"
      git config merge.evil.driver "$PWD/hook"; git config core.gitProxy "$PWD/hook"; cp .git/config more; git config include.path "$PWD/more"
      git config core.alternateRefsCommand "$PWD/hook"; git config core.editor "$PWD/hook"; git config extensions.worktreeConfig true
      cp more .git/config.worktree
      echo '* filter=evil diff=evil merge=evil ident' | tee .gitattributes attributes > .git/info/attributes || true
      git init -q sub && cp .git/config sub/.git/config && cp hook sub/.git/hooks/ && echo x > sub/file
      mkdir -p bare/objects bare/refs && cp .git/HEAD .git/config bare/
      echo changed > src/text.txt`);
    rmSync(proof, { force: true });

    const { patch } = await patchOf();

    expect(existsSync(proof)).toBe(false);
    expect(patch.toString()).toContain('+changed');
    expect(patch.toString()).toContain('+++ b/sub/file');
    asAgent('git diff');
    expect(existsSync(proof)).toBe(true);
  });

  it('fails with a reason, and in its time, where git would wait for a pipe', async () => {
    asAgent('mkdir x && mkfifo x/.gitignore');

    await expect(patchOf()).rejects.toThrow('x/.gitignore is no file');
  });

  it('is given up in its time, and nothing of it goes on', async () => {
    put('many', 'x');
    const slow = { file: 'bash', args: ['-c', 'sleep 987654 & sleep 987654'] };

    await expect(patchOf({ program: slow, timeoutMs: 200 })).rejects.toThrow('was not ready within 0.2 seconds');

    await until(() => !execFileSync('ps', ['-eo', 'args']).includes('sleep 987654'));
  });

  it('leaves nothing behind but the base', async () => {
    put('new', 'x');

    await patchOf();

    expect(readdirSync(prepared.request.folder).sort()).toEqual(['origin', 'workspace']);
  });
});

if (isRoot) {
  it('the base of a patch can be read by the agent, and neither changed nor removed', async () => {
    const { folder } = prepared.request;
    const objects = join(folder, 'origin', 'objects', 'pack');
    const pack = readdirSync(objects).find((name) => name.endsWith('.pack')) ?? '';

    asAgent(`cat ${objects}/${pack} > /dev/null; cat .git/objects/pack/${pack} > /dev/null`);

    const attempts = [`echo x > ${objects}/${pack}`, `rm -f ${objects}/${pack}`, `echo x > ${folder}/origin/config`];
    for (const attempt of attempts) expect(() => asAgent(attempt)).toThrow();
    expect(() => asAgent(`echo x >> .git/objects/pack/${pack}`)).toThrow();
    asAgent('rm -rf .git');
  });
}

interface Change {
  readonly name: string;
  readonly content?: Buffer;
  readonly mode?: number;
  readonly link?: string;
  readonly to?: string;
  readonly gone?: boolean;
}

/** Some steps are impossible, as a file in a file is: then nothing happens. */
function tryToChange({ name, content, mode, link, to, gone }: Change): void {
  const path = join(workspace, name);
  try {
    if (gone) rmSync(path, { recursive: true });
    else if (to !== undefined) renameSync(path, join(workspace, to));
    else if (link !== undefined) symlinkSync(link, path);
    else if (content !== undefined && !isThroughLink(name)) {
      put(name, content);
      chmodSync(path, mode ?? 0o644);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** A test must not write where its links lead. */
function isThroughLink(name: string): boolean {
  const names = name.split('/');
  return names.some((_, at) =>
    lstatSync(join(workspace, ...names.slice(0, at + 1)), { throwIfNoEntry: false })?.isSymbolicLink(),
  );
}
