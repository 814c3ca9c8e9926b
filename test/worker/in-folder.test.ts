import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, inFolder } from '../../worker/processes/in-folder.ts';

describe('a command in a folder', () => {
  const command = { file: 'claude', args: ['-p', '--', 'x'] };

  it('is started there by the user that the worker is itself', () => {
    expect(inFolder('/workspace', command, {})).toEqual({ ...command, cwd: '/workspace' });
  });

  it('goes there by itself as another user', () => {
    expect(inFolder('/workspace', command, { uid: 1001 })).toEqual({
      file: '/usr/bin/env',
      args: ['-C', '/workspace', '--', 'claude', '-p', '--', 'x'],
      cwd: '/',
    });
  });
});

describe('whether there is a program', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'outpost-programs-'));
    mkdirSync(at('bin/folder'), { recursive: true });
    for (const [name, mode] of [
      ['program', 0o755],
      ['text', 0o644],
    ] as const) {
      writeFileSync(at(`bin/${name}`), '');
      chmodSync(at(`bin/${name}`), mode);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['program', true],
    ['text', false],
    ['folder', false],
    ['missing', false],
    ['bin/program', true],
    ['bin/missing', false],
    ['./program', false],
  ])('of the name %s: %s', (name, expected) => {
    expect(hasProgram(folder, name, `/nowhere:${at('bin')}`)).toBe(expected);
  });

  it('is found by a path that is relative to the folder, as by any shell', () => {
    expect(hasProgram(folder, 'program', 'bin')).toBe(true);
  });
});
