import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Container, containerCommand } from './container.ts';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The user that agents run as in the images, with a home of its own there. */
export const AGENT = { uid: 1001, env: ['HOME=/home/agent'] } as const;

/** Runs a container of an image to its end. */
export function runInImage(container: Container): Finished {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-images-'));
  try {
    const [file, ...args] = containerCommand(folder, container);
    const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 26 });
    return { status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
