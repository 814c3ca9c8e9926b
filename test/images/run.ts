import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { availableAgents } from '../../core/agents.ts';
import { currentAssembly } from '../../local/assembly.ts';
import { type Architecture, architectureFor } from './architecture.ts';
import { buildImages } from './build-images.ts';
import { BUILT_IMAGES, writeBuiltAssembly } from './built-image.ts';
import { hostRegistries } from './host-registries.ts';
import { ImageStore } from './image-store.ts';
import { missingHere } from './required-tools.ts';
import { provideBase } from './stand-in-base.ts';

const PROJECT = join(import.meta.dirname, '../..');
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'outpost', 'images');
/** Here the agents' CLIs are those of the images, not what is on PATH. */
const POOL = availableAgents()
  .map((agent) => `${agent}=0-1`)
  .join();
const [FRESH, ARM64] = ['--fresh', '--arm64'];

/**
 * Builds the worker's images on a stand-in base, and runs checks and whole dispatches in them. With `--fresh` nothing of
 * an earlier run is used; with `--arm64` they are built for the platform of the template on any machine, which emulates
 * it; other arguments go to vitest.
 */
async function main(args: readonly string[]): Promise<number> {
  const architecture = architectureFor(args.includes(ARM64) ? 'arm64' : undefined);
  const missing = missingHere(architecture);
  if (missing !== undefined) {
    console.error(missing);
    return 1;
  }
  const store = new ImageStore(join(CACHE, architecture.debian));
  // An earlier run may have been killed.
  store.closeAll();
  if (args.includes(FRESH)) store.empty();
  const forVitest = args.filter((argument) => ![FRESH, ARM64].includes(argument));
  try {
    return runTests(await buildAll(store, architecture), forVitest);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    store.closeAll();
  }
}

/** Returns the file that tells of them. */
async function buildAll(store: ImageStore, architecture: Architecture): Promise<string> {
  const registries = join(CACHE, 'registries');
  const file = join(CACHE, 'images.json');
  provideBase(store, architecture);
  const assembly = join(CACHE, 'cdk.out');
  rmSync(assembly, { recursive: true, force: true });
  cpSync(await currentAssembly(console.log, { pool: POOL }), assembly, { recursive: true });
  try {
    const images = buildImages(store, assembly, architecture, hostRegistries(registries));
    writeBuiltAssembly(file, { assembly, images });
    const asked = [...new Set(images.map(({ platform }) => platform))];
    console.log(`Built for ${architecture.platform}; the template asks for ${asked.join()}`);
  } finally {
    rmSync(registries, { recursive: true, force: true });
  }
  store.prune();
  return file;
}

function runTests(file: string, args: readonly string[]): number {
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  const config = join(PROJECT, 'vitest.images.config.ts');
  const run = spawnSync(process.execPath, [vitest, 'run', '--config', config, ...args], {
    cwd: PROJECT,
    stdio: 'inherit',
    env: { ...process.env, [BUILT_IMAGES]: file },
  });
  return run.status ?? 1;
}

process.exitCode = await main(process.argv.slice(2));
