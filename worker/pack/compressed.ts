import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipBlocks } from './gzip-blocks.ts';

/** Writes an archive to standard output, compressed. */
export async function writeCompressed(archive: Iterable<Buffer>): Promise<void> {
  await pipeline(Readable.from(gzipBlocks(archive), { highWaterMark: 2 }), process.stdout);
}
