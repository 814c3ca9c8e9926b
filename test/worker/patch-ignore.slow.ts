import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../../worker/pack/archive.ts';
import { IgnoreRules } from '../../worker/pack/ignore-rules.ts';
import type { PackLine } from '../../worker/pack/packed-file.ts';
import { git } from './git-in-test.ts';

const PATHS = [
  ...['a', 'b.log', 'x y', '[z]', '!n', '#c', 'é', 'ab', 'a-b', ' lead', 'trail ', 'A1'],
  ...['d/a', 'd/b.log', 'd/e/a', 'd/e/b.log', 'd/e/f/a', 'e/a', 'e/d/a', 'f/e/d/b.log', 'd/x y', 'aa/a/ab', 'd/]'],
];
const root = mkdtempSync(join(tmpdir(), 'outpost-ignore-'));

beforeAll(() => {
  git(root, 'init', '--quiet');
  for (const path of PATHS) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
});
afterAll(() => rmSync(root, { recursive: true }));

/** What git itself keeps. */
function keptByGit(rules: string): string[] {
  writeFileSync(join(root, '.git', 'rules'), rules);
  const args = ['ls-files', '-z', '--others', '--exclude-from=.git/rules'];
  return execFileSync('git', args, { cwd: root }).toString('utf8').split('\0').filter(Boolean).sort();
}

function kept(rules: string): string[] {
  const parsed = IgnoreRules.parse(Buffer.from(rules));
  return PATHS.filter((path) => !parsed.leavesOut(Buffer.from(path))).sort();
}

describe('.outpostignore', () => {
  it.each([
    '*.log',
    '/a',
    'd/',
    'd/*\n!d/e',
    'd/*\n!d/e/\nd/e/*\n!d/e/a',
    '**/a',
    'd/**',
    'd/**/a',
    '/**/e/a',
    '**/e/**',
    'a\\\n',
    'aa\\\\\\\n ',
    '\\!n\n\\#c',
    '!n',
    '# a\n#c',
    'trail\\ \n',
    'trail ',
    'a  ',
    '[[]z]',
    '[ab]*',
    '[!a]',
    '[^a-c]b*',
    '[[:upper:]]?',
    '[]-]',
    'd/[]]',
    'a[',
    '[a-',
    '[a-#]',
    'd/[b-a]',
    'd?a',
    'd[/]a',
    'd[^x]a',
    '*/a',
    '***/a',
    'd/***',
    'a**',
    '?',
    'é',
    '\ufeffa\r\nab\r',
    '/',
    '//a',
    'd//a',
    '**',
    '*\n!*/\n!*.log',
    '',
  ])('reads %j as git does', (rules) => {
    expect(kept(rules)).toEqual(keptByGit(rules));
  });

  it('reads any rules as git does', () => {
    const piece = fc.constantFrom(
      ...['a', 'b', 'd', 'e', '*', '**', '**/', '/', '?', '[a', '-', ']', '!', '\\', ' ', '.log', '#'],
    );
    const line = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    const file = fc.array(line, { minLength: 1, maxLength: 5 }).map((lines) => lines.join('\n'));

    fc.assert(
      fc.property(file, (rules) => {
        // Git 2.39 takes `a**/b` for `a` and then `**/b`; its documentation says that such asterisks are ordinary ones.
        fc.pre(!/[^/\n]\*\*/.test(rules));
        // Nor does its documentation say that `**` before an escaped slash is one folder at least.
        fc.pre(!rules.includes('**\\/'));
        expect(kept(rules)).toEqual(keptByGit(rules));
      }),
      { numRuns: 250 },
    );
  });

  it('takes little time for rules that were made to take long', () => {
    const path = Buffer.from(`${'a'.repeat(250)}/`.repeat(15) + 'a'.repeat(250));
    const rules = IgnoreRules.parse(Buffer.from(`${'*a'.repeat(100)}b\n${'**/*a*a*a/'.repeat(50)}b\n`));

    const cpu = process.cpuUsage();
    const left = rules.leavesOut(path);
    const { user } = process.cpuUsage(cpu);

    expect(left).toBe(false);
    expect(user / 1e6).toBeLessThan(2);
  });
});

describe('an archive', () => {
  let workspace = '';
  beforeEach(() => {
    workspace = mkdtempSync(join(root, '.git', 'workspace-'));
  });

  function put(path: string, content: string | Buffer = path): void {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), content);
  }

  function pack(): { tar: Buffer; files: string[]; skipped: string[] } {
    const lines: PackLine[] = [];
    const tar = Buffer.concat([...archive(workspace, (line) => lines.push(line))]);
    return {
      tar,
      files: lines.flatMap((line) => ('file' in line ? [line.file.path] : [])),
      skipped: lines.flatMap((line) => ('skipped' in line ? [`${line.skipped.path} ${line.skipped.reason}`] : [])),
    };
  }

  it('leaves out what .outpostignore names, and names a folder once', () => {
    put('.outpostignore', 'build/\n*.tmp\n');
    for (const path of ['build/a', 'build/b', 'x.tmp', 'src/y.tmp', 'src/main'])
      put(path, path === 'src/main' ? 'x' : 'SECRET');

    const { tar, files, skipped } = pack();

    expect(files).toEqual(['.outpostignore', 'src/main']);
    expect(skipped).toEqual(['build', 'src/y.tmp', 'x.tmp'].map((path) => `${path} is named by .outpostignore`));
    expect(tar.includes('SECRET')).toBe(false);
  });

  it('leaves out what a CLI keeps for itself in the top folder, and nothing that is called so elsewhere', () => {
    for (const path of ['.aider.tags.cache.v4/cache.db', 'src/.aider.tags.cache.v4/x', '.aider.conf.yml'])
      put(path, 'x');

    const { files, skipped } = pack();

    expect(files).toEqual(['.aider.conf.yml', 'src/.aider.tags.cache.v4/x']);
    expect(skipped).toEqual([".aider.tags.cache.v4 is a cache of an agent's CLI"]);
  });

  it('is whole where .outpostignore cannot be followed, and says so', () => {
    put('main', 'x');
    symlinkSync('/etc/passwd', join(workspace, '.outpostignore'));
    const asLink = pack();
    rmSync(join(workspace, '.outpostignore'));
    execFileSync('mkfifo', [join(workspace, '.outpostignore')]);
    const asPipe = pack();
    rmSync(join(workspace, '.outpostignore'));
    put('.outpostignore', 'main\n'.repeat(20_000));
    const tooLarge = pack();

    for (const { files, skipped } of [asLink, asPipe, tooLarge]) {
      expect(files).toContain('main');
      expect(skipped[0]).toMatch(/^\.outpostignore is not followed: it /);
    }
  });

  it('holds commits and branches, and nothing of a .git that would have git run a program', () => {
    const kept = [
      '.git/HEAD',
      '.git/objects/aa/bb',
      '.git/refs/heads/config',
      '.git/modules/m/HEAD',
      '.git/modules/m/refs/heads/hooks',
    ];
    const dropped = [
      '.git/config',
      '.git/config.worktree',
      '.git/commondir',
      '.git/modules/m/config',
      'sub/.git/config',
      'sub/.GIT/config',
    ];
    for (const path of [...kept, ...dropped, '.git/hooks/pre-commit', 'sub/hooks/config', '.gitignore']) put(path);
    put('tree/.git', 'gitdir: ../evil');
    symlinkSync('evil', join(workspace, '.git', 'x'));
    mkdirSync(join(workspace, 'linked'));
    symlinkSync('../evil', join(workspace, 'linked', '.git'));

    const { files, skipped } = pack();

    expect(files.sort()).toEqual([...kept, '.git/x', '.gitignore', 'sub/hooks/config'].sort());
    expect(skipped.map((line) => line.split(' ')[0]).sort()).toEqual(
      [...dropped, '.git/hooks', 'tree/.git', 'linked/.git'].sort(),
    );
  });

  it('is a repository still, once it is unpacked', () => {
    git(workspace, 'init', '--quiet');
    put('file', 'x');
    git(workspace, 'add', '.');
    git(workspace, 'commit', '--quiet', '--message', 'By the agent');
    const { tar } = pack();
    const unpacked = mkdtempSync(join(root, '.git', 'unpacked-'));

    execFileSync('tar', ['xf', '-', '-C', unpacked], { input: tar });

    expect(git(unpacked, 'log', '--format=%s')).toBe('By the agent');
    expect(git(unpacked, 'status', '--porcelain')).toBe('');
  });
});
