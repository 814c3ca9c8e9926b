/** From the start of the process to `connection.json`: with everything built and synthesized anew, and with nothing changed. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { reportTimes } from './report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_WITHIN_MS = 120_000;

rmSync(join(ROOT, 'dist', 'assemblies'), { recursive: true, force: true });
reportTimes('boot, everything anew', [await boot()], 15_000);
const unchanged: number[] = [];
for (let round = 0; round < 5; round += 1) unchanged.push(await boot());
reportTimes('boot, nothing changed', unchanged, 5_000);

async function boot(): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), 'outpost-bench-'));
  const begin = performance.now();
  const server = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', '--port', '0', '--data', data], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  while (!existsSync(join(data, 'connection.json'))) {
    if (server.exitCode !== null) throw new Error(`The server ended with code ${server.exitCode}.`);
    if (performance.now() - begin > READY_WITHIN_MS) throw new Error('The server did not get ready.');
    await sleep(10);
  }
  const took = performance.now() - begin;
  server.kill('SIGTERM');
  await exited;
  rmSync(data, { recursive: true, force: true });
  return took;
}
