import { describe, expect, it } from 'vitest';
import { githubAddress } from '../../../local/cli/command-line.ts';

describe('--github-url', () => {
  it('takes a GitHub of one\u2019s own', () => {
    expect(githubAddress('https://ghe.example.com')).toBe('https://ghe.example.com');
  });

  it.each([
    ['ghe.example.com', 'It must be an https:// URL, like https://ghe.example.com, or http:// on this machine.'],
    ['http://ghe.example.com', 'It must begin with https://'],
    ['https://me:x@ghe.example.com', 'It must not contain a user or password'],
  ])('is refused as wrong usage, in words that say why: %s', (text, says) => {
    expect(() => githubAddress(text)).toThrow(says);
  });
});
