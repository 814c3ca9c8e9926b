import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAider, installGrok, installNodeCli } from './installed-clis.ts';

const PROJECT = join(import.meta.dirname, '../..');

/** Runs the agents' real CLIs against the stub model. Arguments go to vitest. */
function main(): number {
  const [grok, aider] = [installGrok(), installAider()];
  if (grok === undefined) console.log('Grok Build is locked for Linux on x64 alone: it is not tested.');
  if (aider === undefined) console.log('There is no Python 3.10 to 3.12 here: Aider is not tested.');
  const folders = [installNodeCli('claude'), installNodeCli('codex'), installNodeCli('gemini'), grok, aider];
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  const config = join(PROJECT, 'vitest.agents.config.ts');
  const run = spawnSync(process.execPath, [vitest, 'run', '--config', config, ...process.argv.slice(2)], {
    cwd: PROJECT,
    stdio: 'inherit',
    env: { ...process.env, PATH: [...folders, process.env['PATH']].filter(Boolean).join(':') },
  });
  return run.status ?? 1;
}

process.exitCode = main();
