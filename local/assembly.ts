import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localPool } from './local-pool.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ASSEMBLIES = join(ROOT, 'dist', 'assemblies');
/** Assemblies that stay: another process may still run from an older one. */
const KEPT = 4;

/** All that the template and its assets are made from: a change of it, and of nothing else, makes them anew. */
const SOURCES = [
  'core',
  'lambdas',
  'worker',
  'lib',
  'state-machines',
  'scripts/build.ts',
  'cdk.json',
  'package-lock.json',
];

/**
 * The folder of the synthesized cloud assembly, built and synthesized where there is none of these sources yet. Each
 * has a folder of its own by its fingerprint, so that what boots from one is not disturbed by the making of another.
 * @param asked CDK context for the synthesis, as in `readSettings`; its `pool` comes after this machine's, and holds
 * @throws where the build or the synthesis fails, with what it printed
 */
export async function currentAssembly(
  log: (line: string) => void,
  asked: Readonly<Record<string, string>> = {},
): Promise<string> {
  const settings = { ...asked, pool: [localPool(), asked['pool']].filter(Boolean).join(',') };
  const made = join(ASSEMBLIES, await fingerprintOf(SOURCES, settings));
  if (!existsSync(made)) {
    log('Building the functions and the worker, and synthesizing the template');
    await putInPlace(await makeAssembly(settings), made);
    await removeAllButNewest(KEPT);
  }
  return join(made, 'cdk.out');
}

async function makeAssembly(settings: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(ASSEMBLIES, { recursive: true });
  const folder = await mkdtemp(join(ASSEMBLIES, 'unfinished-'));
  await run(['scripts/build.ts', folder]);
  // CDK's own rules take seconds, and `npm run synth` and the stack tests run them; cdk-nag runs either way.
  await run(['lib/app.ts'], {
    CDK_OUTDIR: join(folder, 'cdk.out'),
    CDK_CONTEXT_JSON: JSON.stringify({ ...settings, assets: folder }),
    CDK_VALIDATION: 'false',
  });
  return folder;
}

/** Two may make the same at once: the first one stays, because somebody may have booted from it. */
async function putInPlace(folder: string, made: string): Promise<void> {
  try {
    await rename(folder, made);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!existsSync(made)) throw error;
  }
}

async function removeAllButNewest(kept: number): Promise<void> {
  const names = await readdir(ASSEMBLIES);
  const aged = await Promise.all(names.map(async (name) => ({ name, modified: await modifiedAt(name) })));
  const old = aged.sort((a, b) => b.modified - a.modified).slice(kept);
  for (const { name } of old) await rm(join(ASSEMBLIES, name), { recursive: true, force: true });
}

/** Another process may have removed it since: then it is as old as can be. */
async function modifiedAt(name: string): Promise<number> {
  const found = await stat(join(ASSEMBLIES, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.mtimeMs ?? 0;
}

async function fingerprintOf(sources: readonly string[], settings: object): Promise<string> {
  const hash = createHash('sha256').update(process.version).update(JSON.stringify(settings));
  for (const source of sources) {
    for (const file of await filesUnder(join(ROOT, source))) {
      hash
        .update(`${relative(ROOT, file)}\0`)
        .update(await readFile(file))
        .update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch((error) => {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (!entries) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Runs one of the project's TypeScript programs in a process of its own, so that CDK's memory is not ours to keep. */
function run(args: string[], env: Record<string, string> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.join(' ')} failed with code ${code}:\n${printed.trim()}`)),
    );
  });
}
