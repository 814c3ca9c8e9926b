import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const BIOME = fileURLToPath(new URL('node_modules/@biomejs/biome/bin/biome', ROOT));

const ALLOWED = [
  ['core', './ids.ts'],
  ['core', 'zod'],
  ['lambdas/shared', '../../core/ids.ts'],
  ['lambdas/shared', '@aws-sdk/client-s3'],
  ['lambdas/api', '../shared/env.ts'],
  ['lambdas/api/routes', '../../shared/env.ts'],
  ['worker', '../lambdas/shared/env.ts'],
  ['lib', '../core/agents.ts'],
  ['local', '../lambdas/shared/env.ts'],
] as const;

const REFUSED = [
  ['core', '@aws-sdk/client-s3'],
  ['core', 'node:fs'],
  ['core', '../lambdas/shared/env.ts'],
  ['lambdas/shared', '../api/app.ts'],
  ['lambdas/shared', '../../worker/main.ts'],
  ['lambdas/api', '../../local/outpost.ts'],
  ['worker', '../lambdas/api/app.ts'],
  ['worker', '../lib/app.ts'],
  ['lib', '../local/outpost.ts'],
  ['local', '../lib/app.ts'],
] as const;

const FUNCTIONS = readdirSync(new URL('lambdas/', ROOT)).filter((name) => name !== 'shared');
/** No function, a new one neither, is another's library. */
const BETWEEN_FUNCTIONS = FUNCTIONS.map((name) => ['lambdas/another', `../${name}/handler.ts`] as const);

const folder = mkdtempSync(join(tmpdir(), 'outpost-lint-'));
let findings = '';

function fileOf(from: string, specifier: string): string {
  return `${from}/${specifier.replaceAll(/\W+/g, '-')}.ts`;
}

beforeAll(() => {
  const { vcs: _, ...rules } = JSON.parse(readFileSync(new URL('biome.json', ROOT), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(rules));
  for (const [from, specifier] of [...ALLOWED, ...REFUSED, ...BETWEEN_FUNCTIONS]) {
    const file = join(folder, fileOf(from, specifier));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import { x } from '${specifier}';\n\nx();\n`);
  }
  const flags = ['lint', '--reporter=github', '--max-diagnostics=none', '.'];
  findings = spawnSync(process.execPath, [BIOME, ...flags], { cwd: folder, encoding: 'utf8' }).stdout;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isRefused(from: string, specifier: string): boolean {
  return findings
    .split('\n')
    .some((line) => line.includes('noRestrictedImports') && line.includes(`/${fileOf(from, specifier)},`));
}

describe('the linter', () => {
  it.each(ALLOWED)('lets %s import %s', (from, specifier) => {
    expect(isRefused(from, specifier)).toBe(false);
  });

  it.each([...REFUSED, ...BETWEEN_FUNCTIONS])('refuses that %s imports %s', (from, specifier) => {
    expect(isRefused(from, specifier), findings).toBe(true);
  });
});
