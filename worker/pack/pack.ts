import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { archive } from './archive.ts';
import { PACK_LINES_FD, type PackLine } from './packed-file.ts';

/** Bytes that small entries are gathered into, so that 10,000 files do not make 30,000 writes. */
const BATCH_BYTES = 256 * 1024;

/**
 * The packer's whole life: writes the workspace as `.tar.gz` to standard output and what is in it to descriptor 3. It
 * runs as a child, as the agent's user: an agent can prepare a workspace, and what reads that must hold no keys.
 */
export async function pack(workspace: string): Promise<void> {
  // Both are sockets, and may be non-blocking: plain writes to their descriptors would fail when the worker is slow.
  const lines = new Socket({ fd: PACK_LINES_FD, readable: false, writable: true });
  const tell = (line: PackLine) => void lines.write(`${JSON.stringify(line)}\n`);
  const bytes = inBatches(archive(workspace, tell));
  // An ECS task has half a CPU and two minutes after SIGTERM: speed counts more than the last tenth in size.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: BATCH_BYTES });
  await pipeline(Readable.from(bytes, { highWaterMark: 2 }), gzip, process.stdout);
  tell({ end: true });
  lines.end();
}

function* inBatches(parts: Iterable<Buffer>): Generator<Buffer> {
  let batch: Buffer[] = [];
  let size = 0;
  for (const part of parts) {
    batch.push(part);
    size += part.length;
    if (size < BATCH_BYTES) continue;
    yield Buffer.concat(batch, size);
    batch = [];
    size = 0;
  }
  yield Buffer.concat(batch, size);
}
