import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Branch, cloneUrl, Repo } from '../../core/repository.ts';

describe('the repository of a dispatch', () => {
  it.each([
    ['acme/rocket', 'https://github.com/acme/rocket.git'],
    ['acme/rocket.git', 'https://github.com/acme/rocket.git'],
    ['a-b/c_d.e', 'https://github.com/a-b/c_d.e.git'],
    ['https://GitLab.example.com/group/sub/project', 'https://gitlab.example.com/group/sub/project'],
    ['https://example.com:8443/r.git/', 'https://example.com:8443/r.git'],
    ['https://example.com/a%20b', 'https://example.com/a%20b'],
  ])('%s is cloned from %s', (repo, url) => {
    expect(Repo.safeParse(repo).success).toBe(true);
    expect(cloneUrl(repo)).toBe(url);
  });

  it.each([
    '',
    'acme',
    'acme/',
    '/rocket',
    'acme/..',
    'acme/.',
    '../rocket',
    '-acme/rocket',
    '--upload-pack=touch x/y',
    'acme/rocket/more',
    'acme--x/rocket',
    'acme/ro cket',
    'acme/rocket\n',
    'acmé/rocket',
    'http://github.com/acme/rocket',
    'HTTPS://github.com/acme/rocket',
    'ssh://git@github.com/acme/rocket',
    'git@github.com:acme/rocket',
    'file:///etc',
    'ext::sh -c touch%20x',
    'https://user:secret@github.com/acme/rocket',
    'https://token@github.com/acme/rocket',
    'https://github.com@evil.example/acme/rocket',
    'https://github.com\\@evil.example/acme',
    'https://github.com/acme/../rocket',
    'https://github.com/acme/%2e%2e/rocket',
    'https://github.com/acme/%0arocket',
    'https://github.com/acme/%2f',
    'https://github.com/acme//rocket',
    'https://github.com/acme/%zz',
    'https://github.com/acme/rocket?x=1',
    'https://github.com/acme/rocket#x',
    'https://github.com/acme/\u0000',
    'https://-oProxyCommand=x/y',
    'https:///acme/rocket',
    'https://github.com',
    'https://github.com/',
    `https://github.com/${'x'.repeat(500)}`,
  ])('refuses %j', (repo) => {
    expect(Repo.safeParse(repo).success).toBe(false);
  });
});

describe('the branch of a dispatch', () => {
  it.each(['main', 'feature/x', 'ünï', 'a@b', 'a-', 'release-1.2', "it's", '$(id)', '日本'])('takes %j', (branch) => {
    expect(Branch.safeParse(branch).success).toBe(true);
  });

  it('takes nothing that git does not take, and all that it takes up to 250 bytes', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '..',
      '/',
      '-',
      '@',
      '{',
      '@{',
      '.lock',
      ' ',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
    );
    const more = fc.constantFrom('\n', '\u007f', '\u0001', 'é', 'HEAD', 'x'.repeat(123), '"', '`', '$');
    const names = fc.array(fc.oneof({ weight: 4, arbitrary: piece }, more), { minLength: 1, maxLength: 5 });

    fc.assert(
      fc.property(names, (pieces) => {
        const branch = pieces.join('');
        // `--branch` would resolve `@{-1}`; these two rules are what it adds to the rules for every ref.
        const asBranch = !branch.startsWith('-') && branch !== 'HEAD';
        const git = spawnSync('git', ['check-ref-format', `refs/heads/${branch}`]);

        const taken = Branch.safeParse(branch).success;

        const short = Buffer.byteLength(branch) <= 250;
        expect(taken).toBe(git.status === 0 && asBranch && short && branch !== '@');
      }),
      { numRuns: 150 },
    );
  });

  it.each(['', '\ud800', 'x'.repeat(251), 'é'.repeat(126)])('refuses %j', (branch) => {
    expect(Branch.safeParse(branch).success).toBe(false);
  });
});
