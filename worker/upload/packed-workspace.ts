import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Manifest } from '../../core/manifest.ts';
import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { PACK_LINES_FD, PackLine } from '../pack/packed-file.ts';

/** How this program is started again as the packer. */
export interface PackerProgram {
  readonly file: string;
  readonly args: readonly string[];
}

export type PackedFiles = Pick<Manifest, 'files' | 'skipped'>;

const MAX_STDERR = 2_000;

/**
 * The workspace as `.tar.gz`, made by a child that runs as the agent's user, has none of our variables, and ends with
 * us. Yields the bytes as they come and returns what is in them; throws where the packer fails, so that half an archive
 * is never taken for a whole one.
 */
export async function* packWorkspace(
  { file, args }: PackerProgram,
  workspace: string,
  user: AgentUser,
): AsyncGenerator<Buffer, PackedFiles> {
  const child = spawn(file, [...args, workspace], {
    cwd: '/',
    env: hostMarker(),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...user.identity,
  });
  const failed = exitOf(child);
  // It is awaited below; where the reader leaves first, nobody is interested.
  failed.catch(() => undefined);
  const listed = readLines(child.stdio[PACK_LINES_FD] as Readable);
  listed.catch(() => undefined);
  try {
    for await (const chunk of child.stdout ?? []) yield chunk as Buffer;
    await failed;
    return await listed;
  } finally {
    child.kill('SIGKILL');
  }
}

/** Resolves at exit 0; rejects with the packer's own words otherwise. */
function exitOf(child: ChildProcess): Promise<void> {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = `${words}${chunk.toString('utf8')}`.slice(-MAX_STDERR);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`The packer cannot be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`The packer ended with ${signal ?? `exit code ${code}`}: ${words.trim()}`));
    });
  });
}

async function readLines(stream: Readable): Promise<PackedFiles> {
  const packed: PackedFiles = { files: [], skipped: [] };
  let complete = false;
  for await (const text of linesOf(stream)) {
    const line = PackLine.parse(JSON.parse(text));
    if ('file' in line) packed.files.push(line.file);
    else if ('skipped' in line) packed.skipped.push(line.skipped);
    else complete = true;
  }
  if (!complete) throw new Error('The packer ended before it had listed every file.');
  return packed;
}

/** Cuts at newlines alone: `readline` cuts at U+2028 as well, which a file's name may hold. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const text of stream.setEncoding('utf8')) {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
