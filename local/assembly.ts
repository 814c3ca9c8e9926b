import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FINGERPRINT = 'fingerprint.txt';

/** All that the template and its assets are made from: a change of it, and of nothing else, makes them anew. */
const SOURCES = [
  'core',
  'lambdas',
  'worker',
  'lib',
  'state-machines',
  'local/lambda/runtime-thread.ts',
  'scripts/build.ts',
  'cdk.json',
  'package-lock.json',
];

/**
 * The folder of the synthesized cloud assembly, built and synthesized anew where its sources have changed.
 * @throws where the build or the synthesis fails, with what it printed
 */
export async function currentAssembly(log: (line: string) => void): Promise<string> {
  const folder = join(ROOT, 'cdk.out');
  const fingerprint = await fingerprintOf(SOURCES);
  if ((await readFile(join(folder, FINGERPRINT), 'utf8').catch(() => '')) === fingerprint) return folder;
  log('Building the functions and the worker, and synthesizing the template');
  await rm(folder, { recursive: true, force: true });
  await run(['scripts/build.ts']);
  // CDK's own rules take seconds, and `npm run synth` and the stack tests run them; cdk-nag runs either way.
  await run(['lib/app.ts'], { CDK_OUTDIR: folder, CDK_VALIDATION: 'false' });
  await writeFile(join(folder, FINGERPRINT), fingerprint);
  return folder;
}

async function fingerprintOf(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const source of sources) {
    for (const file of await filesUnder(join(ROOT, source))) {
      hash
        .update(`${relative(ROOT, file)}\0`)
        .update(await readFile(file))
        .update('\0');
    }
  }
  return hash.digest('hex');
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
