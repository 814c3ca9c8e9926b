import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outpost-cli-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function run(command: string, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', `local/${command}.ts`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        printed[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...printed }));
  });
}

describe.each(['start', 'demo'])('%s', (command) => {
  it('has a help that fits a screen', async () => {
    const { code, stdout } = await run(command, '--help');

    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeLessThan(24);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('refuses an unknown flag in one clear line, with exit code 2', async () => {
    const { code, stdout, stderr } = await run(command, '--nonsense');

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`${command}: unknown option '--nonsense'\n`);
  });

  it('says which port is taken and what to do', async () => {
    const folder = await temporaryFolder();
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    cleanUps.push(async () => server.close());

    const { code, stderr } = await run(command, '--data', folder, '--port', String(port));

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `${command}: Port ${port} is taken. Name another with --port, or 0 for any free one.\n`,
    });
  });

  it('says which folder cannot be written and what to do', async () => {
    const file = join(await temporaryFolder(), 'a-file');
    await writeFile(file, '');
    await chmod(file, 0o400);

    const { code, stderr } = await run(command, '--data', join(file, 'inner'));

    expect(code).toBe(2);
    expect(stderr).toMatch(/^\w+: The data folder .* cannot be used: .*--data\.\n$/);
  });
});

it.each([
  [['--port', 'abc'], '--port'],
  [['--port', '70000'], '--port'],
  [['--data'], '--data'],
  [['extra'], 'argument'],
])('start refuses %j in one clear line, with exit code 2', async (args, named) => {
  const { code, stdout, stderr } = await run('start', ...args);

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(named);
});

it('writes connection.json for its owner alone', async () => {
  const folder = await temporaryFolder();
  const server = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', '--port', '0', '--data', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUps.push(async () => server.kill('SIGKILL'));
  let printed = '';
  for await (const text of server.stdout.setEncoding('utf8')) {
    printed += text;
    if (printed.includes('Ctrl-C')) break;
  }

  const { mode } = await stat(join(folder, 'connection.json'));

  expect(mode & 0o777).toBe(0o600);
  expect(printed).toContain('curl');
  const exited = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  expect(await exited).toBe(0);
});
