import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'outpost', 'agents');
/** The versions that the images have, too. */
const LOCKS = join(import.meta.dirname, '../../worker/clis');
/** What Aider 0.86 runs on. */
const PYTHONS = ['python3.12', 'python3.11', 'python3.10', 'python3'];

/** Claude Code, Codex or Gemini CLI of the lock. Returns the folder for PATH. */
export function installNodeCli(name: 'claude' | 'codex' | 'gemini'): string {
  return installOnce(name, (folder, bin) => {
    npmCi(folder);
    // What its install script does: it puts the program of this platform's package in the place of a stub.
    if (name === 'claude') run(folder, process.execPath, ['node_modules/@anthropic-ai/claude-code/install.cjs']);
    symlinkSync(`../node_modules/.bin/${name}`, join(bin, name));
  });
}

/** Grok Build of the lock; nothing where it is locked for another platform. */
export function installGrok(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return installOnce('grok', (folder, bin) => {
    npmCi(folder);
    const packed = join(folder, 'node_modules/@xai-official/grok-linux-x64/bin/grok.br');
    writeFileSync(join(bin, 'grok'), brotliDecompressSync(readFileSync(packed)), { mode: 0o755 });
  });
}

/** Aider of the lock in a virtual environment; nothing where there is no Python that it runs on. */
export function installAider(): string | undefined {
  const python = PYTHONS.find(canRunAider);
  if (python === undefined) return undefined;
  return installOnce('aider', (folder, bin) => {
    run(folder, python, ['-m', 'venv', 'venv']);
    run(folder, 'venv/bin/python', ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', 'requirements.txt']);
    symlinkSync('../venv/bin/aider', join(bin, 'aider'));
  });
}

/** Installs into a folder of the cache, once for each state of what is locked. Returns its `bin`. */
function installOnce(name: string, install: (folder: string, bin: string) => void): string {
  const folder = join(CACHE, `${name}-${hashOf(join(LOCKS, name))}`);
  const bin = join(folder, 'bin');
  const done = join(folder, 'done');
  if (existsSync(done)) return bin;
  console.log(`Installing into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  for (const file of readdirSync(join(LOCKS, name))) copyFileSync(join(LOCKS, name, file), join(folder, file));
  install(folder, bin);
  writeFileSync(done, '');
  return bin;
}

/** The same for all packages: none needs its install script, and npm 11 runs none. */
function npmCi(folder: string): void {
  run(folder, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']);
}

function hashOf(folder: string): string {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}

function canRunAider(python: string): boolean {
  const { status, stdout } = spawnSync(python, ['-c', 'import sys, venv; print(sys.version_info[1])'], {
    encoding: 'utf8',
  });
  return status === 0 && Number(stdout) >= 10 && Number(stdout) <= 12;
}

function run(cwd: string, file: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`\`${file} ${args.join(' ')}\` failed: ${error?.message ?? stdout + stderr}`);
}
