import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PACK_LINES_FD, type PackLine } from './packed-file.ts';
import { indexWorkspace } from './patch-index.ts';
import { PatchJob } from './patch-job.ts';

/** Everything that makes the patch depend on settings or a terminal is said here; renames are told where git sees them. */
const DIFF = ['diff-index', '--cached', '--patch', '--binary', '--full-index', '-M', '--no-ext-diff', '--no-textconv'];
const PLAIN = ['--no-color', '--src-prefix=a/', '--dst-prefix=b/', '--submodule=short'];

/**
 * The whole life of the child that makes `changes.patch`: writes it to standard output, and to descriptor 3 what is not
 * in it. It runs as the agent's user and must have a process group of its own: git ends with it.
 */
export async function patch(description: string): Promise<void> {
  const job = PatchJob.parse(JSON.parse(description));
  const lines = new Socket({ fd: PACK_LINES_FD, readable: false, writable: true });
  const tell = (line: PackLine) => void lines.write(`${JSON.stringify(line)}\n`);
  try {
    const git = await indexWorkspace(job, tell);
    const diff = git.start([...DIFF, ...PLAIN, job.tree, '--']);
    const ended = once(diff, 'close');
    if (diff.stdout !== null) await pipeline(diff.stdout, process.stdout);
    const [exitCode] = await ended;
    if (exitCode !== 0) throw new Error(`git diff-index ended with exit code ${exitCode}.`);
    tell({ end: true });
  } finally {
    for (const name of await readdir(job.scratch)) rmSync(join(job.scratch, name), { recursive: true, force: true });
    lines.end();
  }
}
