import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AGENTS } from '../../core/agents.ts';
import { PoolText } from '../../core/pool-settings.ts';
import { localPool } from '../../local/local-pool.ts';

const NONE = { min: 0, max: 0 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-path-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, mode: number): void {
  writeFileSync(join(folder, name), '#!/bin/sh\n');
  chmodSync(join(folder, name), mode);
}

it('keeps no slot for an agent whose CLI is not on PATH', () => {
  const bounds = PoolText.parse(localPool(''));

  expect(bounds).toEqual({ claude: NONE, codex: NONE, gemini: NONE, aider: NONE, shell: AGENTS.shell.pool });
});

it('keeps one slot where a dispatch has found none, for each agent whose CLI is on PATH', () => {
  put('codex', 0o755);

  const bounds = PoolText.parse(localPool(`/nonexistent::${folder}`));

  expect(bounds).toMatchObject({ claude: NONE, codex: { min: 0, max: 1 } });
});

it('takes for a CLI what can be run', () => {
  put('codex', 0o644);
  mkdirSync(join(folder, 'claude'));

  const bounds = PoolText.parse(localPool(folder));

  expect(bounds).toMatchObject({ claude: NONE, codex: NONE });
});
