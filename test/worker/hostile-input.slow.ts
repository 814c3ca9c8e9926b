import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { ulid } from 'ulid';
import { afterAll, describe, expect, it } from 'vitest';
import { AGENT_NAMES, type AgentName } from '../../core/agents.ts';
import { Manifest } from '../../core/manifest.ts';
import { Branch, cloneUrl, Repo } from '../../core/repository.ts';
import type { AgentProgram } from '../../worker/agents/agent-program.ts';
import { AGENT_PROGRAMS } from '../../worker/agents/agent-programs.ts';
import { archive } from '../../worker/pack/archive.ts';
import { runCold } from '../../worker/run-cold.ts';
import { canaryIn, hostileName, hostileTexts, marksBelow, RUNS_IN_SHELL } from './hostile-words.ts';
import { ATTEMPT, kitIn, SPEC } from './kit-in-test.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-hostile-names-'));
const canary = canaryIn(root);
afterAll(() => execFileSync('rm', ['-rf', root]));

/** Keeps what it was given: its arguments, the content of those that are files, and its standard input. */
const RECORDER = `#!/bin/bash
printf '%s\\0' "$@" > "$RECORDS/args"
for argument in "$@"; do if [ -f "$argument" ]; then cat "$argument" > "$RECORDS/file"; fi; done
cat > "$RECORDS/stdin"
echo 'Tokens: 1 sent, 1 received.'
`;

/** Runs an agent whose CLI is a recorder, as a worker does. */
async function record(agent: AgentName, task: string) {
  const records = mkdtempSync(join(root, 'records-'));
  const program: AgentProgram = AGENT_PROGRAMS[agent];
  const recording: AgentProgram = {
    ...program,
    makeCommand: async (given) => {
      const command = await program.makeCommand(given);
      writeFileSync(join(records, command.file), RECORDER, { mode: 0o755 });
      return { ...command, file: join(records, command.file), env: { ...command.env, RECORDS: records } };
    },
  };
  const content = { ...SPEC, agent, task };
  const { kit } = kitIn(records, {
    agent,
    program: recording,
    specs: { getSpec: async () => ({ valid: true, content }) },
  });
  const exitCode = await runCold(kit, { dispatchId: ulid(), attempt: 1 });
  const read = (name: string) =>
    existsSync(join(records, name)) ? readFileSync(join(records, name)) : Buffer.alloc(0);
  const args = read('args').toString('utf8').split('\0').slice(0, -1);
  return { exitCode, args, given: Buffer.concat([read('file'), read('stdin')]), workspace: readdirSync(kit.workspace) };
}

describe('the task of a dispatch', () => {
  it.each(AGENT_NAMES)(
    'reaches the command line of %s byte for byte, and is no part of it',
    async (agent) => {
      const plain = await record(agent, 'Make it fly.');
      const places = /\/outpost-[^/]*\//g;
      const all = hostileTexts(canary);
      const examples: [string][] = [[all.join('\n')], ...all.slice(5, 9).map((text): [string] => [text])];
      const shape = (args: readonly string[]) => args.map((argument) => argument.replace(places, '/outpost/'));

      const property = fc.asyncProperty(
        fc.oneof(fc.constantFrom(...hostileTexts(canary)), fc.string({ unit: 'binary', maxLength: 300 })),
        async (task) => {
          const { exitCode, args, given, workspace } = await record(agent, task);

          // A CLI that has commands of its own is given a line before what looks like one.
          const text = given.toString('utf8').replace(/^The task:\n\n(?=\s*[/!])/, '');
          expect({ exitCode, text, workspace }).toEqual({ exitCode: 0, text: task, workspace: [] });
          expect(shape(args)).toEqual(shape(plain.args));
        },
      );
      await fc.assert(property, {
        numRuns: 7,
        examples,
      });

      expect(plain).toMatchObject({ exitCode: 0, given: Buffer.from('Make it fly.') });
      expect(existsSync(canary)).toBe(false);
    },
    60_000,
  );

  it('would run, were it ever to reach a shell', () => {
    const proof = canaryIn(mkdtempSync(join(root, 'proof-')));

    const ran = [...hostileTexts(proof), RUNS_IN_SHELL].filter((text) => {
      const command = `echo ${text.replaceAll('\0', '')}`;
      spawnSync('bash', ['-c', command], { cwd: dirname(proof), stdio: 'ignore', env: process.env });
      return existsSync(proof) && rmSync(proof) === undefined;
    });

    expect(ran.length).toBeGreaterThanOrEqual(5);
    expect(ran).toContain(RUNS_IN_SHELL);
  });
});

describe('the repository and the branch of a dispatch', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'https://',
      'github.com',
      'acme',
      '/',
      'rocket',
      '.git',
      '..',
      '-',
      '@',
      ':',
      '%2e',
      '%0a',
      '#',
      '?',
      '\\',
      '[::1]',
    ),
    fc.constantFrom('ext::', 'file://', '--upload-pack=', '-oProxyCommand=', '\n', ' ', '\0', ...hostileTexts(canary)),
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));

  it('are refused, or are one https URL that cannot be an option, a path or another protocol', () => {
    fc.assert(
      fc.property(text, (repo) => {
        const { success } = Repo.safeParse(repo);

        const url = success ? cloneUrl(repo) : 'https://refused.example/x';
        expect(url).toMatch(/^https:\/\/[a-z\d][a-z\d.-]*(:\d+)?(\/[^\s/\\?#]+)+$/);
        expect(decodeURIComponent(new URL(url).pathname)).not.toMatch(/(^|\/)\.{1,2}(\/|$)|\p{Cc}/u);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are refused, or are one ref that cannot be an option or climb out of its folder', () => {
    fc.assert(
      fc.property(text, (branch) => {
        const { success } = Branch.safeParse(branch);

        expect(success && /^-|[\0- \x7f]/.test(branch)).toBe(false);
        expect(success && branch.split('/').some((name) => /^\.|^$|\.\.|\.lock$/.test(name))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the names of files', () => {
  it('come out of the archive and the manifest as they were, and lead nowhere else', () => {
    const names = fc.uniqueArray(hostileName(), {
      minLength: 1,
      maxLength: 12,
      selector: (name) => name.toString('latin1'),
    });

    fc.assert(
      fc.property(names, (names) => {
        const place = mkdtempSync(join(root, 'names-'));
        const [workspace, unpacked] = [join(place, 'workspace'), join(place, 'unpacked')];
        for (const folder of [workspace, unpacked]) mkdirSync(folder);
        for (const [at, name] of names.entries()) putAt(workspace, at, name);

        const lines: string[] = [];
        const tar = Buffer.concat(
          [...archive(workspace, (line) => lines.push(JSON.stringify(line)))].map((part) => Buffer.from(part)),
        );
        execFileSync('tar', ['xf', '-', '-C', unpacked], { input: tar, stdio: ['pipe', 'ignore', 'pipe'] });

        const told = lines.map((line) => JSON.parse(line) as { file: unknown });
        const { files } = Manifest.parse({ ...EMPTY, files: told.map(({ file }) => file) });
        const expected = names.map((name, at) => `${at}/${name.toString('latin1')}`).sort();
        expect(files.map((file) => bytesOf(file).toString('latin1')).sort()).toEqual(expected);
        const found = execFileSync('find', ['.', '-type', 'f', '-printf', '%P\\0'], { cwd: unpacked }).toString(
          'latin1',
        );
        expect(found.split('\0').slice(0, -1).sort()).toEqual(expected);
        expect(readdirSync(place).sort()).toEqual(['unpacked', 'workspace']);
        rmSync(place, { recursive: true });
      }),
      { numRuns: 15 },
    );

    expect(marksBelow(root)).toEqual([]);
  }, 60_000);

  const EMPTY = { version: 1, ...ATTEMPT, createdAt: '2026-01-01T00:00:00Z', files: [], skipped: [], objects: [] };

  function bytesOf({ path, pathEncoding }: Manifest['files'][number]): Buffer {
    return Buffer.from(path, pathEncoding ?? 'utf8');
  }

  /** Each in a folder of its own, so that none is in another's way. */
  function putAt(workspace: string, at: number, name: Buffer): void {
    mkdirSync(join(workspace, String(at)));
    writeFileSync(Buffer.concat([Buffer.from(`${workspace}/${at}/`), name]), 'content');
  }
});
