import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { chmod, unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentRooms } from './agent-rooms.ts';
import { type AgentUser, handOver } from './agent-user.ts';

/** Where POSIX's own programs lie, whatever PATH the agent is given. */
const SYSTEM_PATH = '/usr/bin:/bin';

/**
 * A pipe for an agent's output. Node gives a child socket pairs, and Linux refuses to open those again by
 * `/dev/stdout` or `/dev/stderr`, which scripts do. A named pipe that belongs to the agent can be opened.
 */
export interface OutputPipe {
  /** Where the pipe lay in the file system: what `/proc/<pid>/fd` says of whoever holds it. */
  readonly path: string;
  readonly reader: Socket;
  /** The end for `spawn`. */
  readonly writeEnd: number;
  /** To be called once the child has its end: the reader ends when the last writer is gone. */
  closeWriteEnd(): void;
}

export async function openOutputPipe(name: string, rooms: AgentRooms, user: AgentUser): Promise<OutputPipe> {
  const path = join(rooms.base, name);
  await promisify(execFile)('mkfifo', ['-m', '600', path], { env: { PATH: SYSTEM_PATH } });
  await chmod(path, 0o600);
  await handOver(path, user);
  // Non-blocking for us, so that opening does not wait for a writer; blocking for the agent, as programs expect.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  await unlink(path);
  const reader = new Socket({ fd: readEnd, readable: true, writable: false });
  return { path, reader, writeEnd, closeWriteEnd: () => closeSync(writeEnd) };
}
