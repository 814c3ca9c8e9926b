import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneUrl, Repo } from '../../core/repository.ts';
import { workspaceName } from '../../worker/persistent/workspace-name.ts';

describe('the name of a workspace', () => {
  it.each([
    ['acme/rocket', 'acme/rocket'],
    ['Acme/Rocket.git', 'acme/rocket'],
    ['https://github.com/acme/rocket', 'acme/rocket'],
    ['https://github.com/acme/rocket.git/', 'acme/rocket'],
    ['acme/.github', 'acme/.github'],
  ])('of %s is %s', (repo, id) => {
    expect(workspaceName(repo).id).toBe(id);
  });

  it('of a repository elsewhere shows its host and the end of its path', () => {
    const { id, origin } = workspaceName('https://gitlab.example.com:8443/group/sub/Project');

    expect(id).toMatch(/^@gitlab\.example\.com_8443\/group-sub-project-[0-9a-f]{32}$/);
    expect(origin).toBe('https://gitlab.example.com:8443/group/sub/Project');
  });

  it('tells a GitHub of one’s own from github.com', () => {
    const names = ['https://github.com', 'https://ghe.example.com'].map((url) => workspaceName('acme/rocket', url));

    expect(names.map(({ id }) => id)).toEqual(['acme/rocket', 'acme/rocket']);
    expect(new Set(names.map(({ origin }) => origin)).size).toBe(2);
  });

  const segment = fc.stringMatching(/^[A-Za-z0-9._~%!@-]{1,12}$/);
  const repo = fc
    .oneof(
      fc.tuple(segment, segment).map((parts) => parts.join('/')),
      fc
        .tuple(
          fc.constantFrom('github.com', 'git.example.com', 'git.example.com:8443'),
          fc.array(segment, { minLength: 1, maxLength: 4 }),
        )
        .map(([host, path]) => `https://${host}/${path.join('/')}`),
    )
    .filter((text) => Repo.safeParse(text).success);

  it('is a folder of a folder, whatever the repository', () => {
    fc.assert(
      fc.property(repo, (text) => {
        const { id } = workspaceName(text);

        const parts = id.split('/');
        expect(parts).toHaveLength(2);
        for (const part of parts) {
          expect(part).toMatch(/^[@a-z0-9._-]{1,255}$/);
          expect(['.', '..', '']).not.toContain(part);
        }
      }),
    );
  });

  it('is the same for two repositories only where they are one', () => {
    const plain = (text: string) => {
      const url = cloneUrl(text);
      return url.startsWith('https://github.com/') ? url.replace(/\.git$/, '').toLowerCase() : url;
    };

    fc.assert(
      fc.property(repo, repo, (one, other) => {
        const isSameName = workspaceName(one).id === workspaceName(other).id;
        if (isSameName) expect(plain(one)).toBe(plain(other));
      }),
      { numRuns: 500 },
    );
  });
});
