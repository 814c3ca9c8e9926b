import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { inBatches } from './batches.ts';

const deflate = promisify<Buffer, object, Buffer>(deflateRaw);

/** Each block is compressed by itself, on a thread of its own: what this many bytes repeat of the block before is not found. */
export const BLOCK_BYTES = 1024 * 1024;
const AT_ONCE = 4;
/** How much of a block tells whether it can be compressed, and the share that must remain for it to be stored as it is. */
const PROBE_BYTES = 32 * 1024;
const IN_VAIN = 0.97;

/** Magic, deflate, no flags, no time, fastest, Unix: RFC 1952, 2.3. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3]);
/** An empty last block: RFC 1951, 3.2.6. */
const LAST_BLOCK = Buffer.from([0x03, 0x00]);
/** What a stored block holds at most, and the bytes before it: RFC 1951, 3.2.4. */
const STORED_BYTES = 65_535;
const STORED_HEADER = 5;

/**
 * One gzip member of what comes, compressed on several threads, as `pigz` does. An ECS task has two minutes after SIGTERM:
 * speed counts more than the last tenth in size, and what cannot be compressed is not tried.
 */
export async function* gzipBlocks(source: Iterable<Buffer>): AsyncGenerator<Buffer> {
  let sum = 0;
  let size = 0;
  const compressing: Promise<Buffer>[] = [];
  yield HEADER;
  for (const block of inBatches(source, BLOCK_BYTES)) {
    sum = crc32(block, sum);
    size += block.length;
    compressing.push(compressed(block));
    // Nobody awaits it yet; its failure is thrown when its turn comes.
    compressing.at(-1)?.catch(() => undefined);
    if (compressing.length === AT_ONCE) yield (await compressing.shift()) ?? LAST_BLOCK;
  }
  for (const block of compressing) yield await block;
  const end = Buffer.alloc(8);
  end.writeUInt32LE(sum, 0);
  end.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([LAST_BLOCK, end]);
}

/** A part of a deflate stream that ends on a byte and is not the last. */
async function compressed(block: Buffer): Promise<Buffer> {
  const probe = block.subarray(0, PROBE_BYTES);
  const isInVain = (await deflated(probe)).length > IN_VAIN * probe.length;
  return isInVain ? stored(block) : deflated(block);
}

function deflated(bytes: Buffer): Promise<Buffer> {
  const level = constants.Z_BEST_SPEED;
  return deflate(bytes, { level, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: bytes.length + 1024 });
}

/** As they are, in stored blocks: what zlib's level 0 makes on another thread, with a copy less. */
function stored(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / STORED_BYTES);
  const out = Buffer.allocUnsafe(bytes.length + blocks * STORED_HEADER);
  for (let from = 0, at = 0; from < bytes.length; from += STORED_BYTES) {
    const length = Math.min(STORED_BYTES, bytes.length - from);
    at = out.writeUInt8(0, at);
    at = out.writeUInt16LE(length, at);
    at = out.writeUInt16LE(STORED_BYTES - length, at);
    at += bytes.copy(out, at, from, from + length);
  }
  return out;
}
