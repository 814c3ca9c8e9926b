import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBuiltAssembly } from './built-image.ts';
import { containerCommand } from './container.ts';

/** Variables of the process that are this machine's, and not the container's: there the image says them. */
const OF_THE_MACHINE = ['PATH', 'LD_LIBRARY_PATH', 'HOME', 'TMPDIR', 'WORKSPACE_DIR', 'PWD', 'SHLVL', '_', 'OLDPWD'];

/** What an ECS task's process is here: a container of the image, which ends as this process does. */
function main([file, asset]: readonly string[]): void {
  const image = readBuiltAssembly(file).images.find((one) => one.asset === asset);
  if (image === undefined) throw new Error(`${asset} has not been built.`);
  const folder = mkdtempSync(join(tmpdir(), 'container-'));
  const given = Object.entries(process.env).filter(([name]) => !OF_THE_MACHINE.includes(name));
  const env = given.map(([name, value]) => `${name}=${value}`);
  const workspaces = process.env['WORKSPACES_DIR'];
  const [command, ...args] = containerCommand(folder, { image, env, folders: workspaces ? [workspaces] : [] });
  const child = spawn(command, args, { stdio: 'inherit' });
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => child.kill(name));
  child.once('exit', (code, signal) => {
    rmSync(folder, { recursive: true, force: true });
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

main(process.argv.slice(2));
