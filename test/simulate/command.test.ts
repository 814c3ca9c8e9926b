import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);

function simulate(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, ['--import', 'tsx', 'scripts/simulate.ts', ...args]);
}

it('prints a table of every agent and draws a chart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outpost-simulate-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'pool.svg');

  const { stdout } = await simulate(
    '--daily',
    '300',
    '--agents',
    'claude=2,codex',
    '--policy',
    'adaptive',
    '--svg',
    file,
  );

  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
  const dispatches = (name: string) => Number(rows.find(([first]) => first === name)?.[1]);
  expect(dispatches('all')).toBe(300);
  expect(dispatches('claude') + dispatches('codex')).toBe(300);
  const svg = await readFile(file, 'utf8');
  expect(svg).toContain('codex: slots, on average');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

it.each([
  [['--dayly', '3'], "unknown option '--dayly'"],
  [['--trace', '/nowhere/a.csv'], '--trace /nowhere/a.csv cannot be read'],
])('answers %j with what is wrong and nothing else, and exit code 2', async (args, message) => {
  const failure: unknown = await simulate(...args).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});
