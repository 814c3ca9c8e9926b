import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What Outpost, its embedded AWS and the chaos are made from. */
const SOURCES = [
  ...['core', 'lambdas', 'worker', 'lib', 'state-machines', 'scripts', 'local', 'test'],
  ...['cdk.json', 'package.json', 'package-lock.json', 'tsconfig.json'],
];

/** A deliberate break of the product. */
export interface PlantedBug {
  readonly name: string;
  readonly patch: string;
}

export const PLANTED_BUGS: readonly PlantedBug[] = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.patch'))
  .sort()
  .map((file) => ({ name: basename(file, '.patch'), patch: join(import.meta.dirname, file) }));

/** Whether the patch still applies to the sources, and what git says where it does not. */
export function whyNotApplicable({ patch }: PlantedBug): string | undefined {
  const { status, stderr } = git(['apply', '--check', patch], ROOT);
  return status === 0 ? undefined : stderr;
}

/** A copy of the sources with the bug in them, in a folder that is the caller's to remove. */
export function brokenCopy({ name, patch }: PlantedBug): string {
  const folder = mkdtempSync(join(tmpdir(), `outpost-planted-${name}-`));
  for (const source of SOURCES) cpSync(join(ROOT, source), join(folder, source), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const { status, stderr } = git(['apply', patch], folder);
  if (status !== 0) throw new Error(`${name} does not apply: ${stderr}`);
  return folder;
}

function git(args: readonly string[], cwd: string) {
  return spawnSync('git', args, { cwd, encoding: 'utf8' });
}
