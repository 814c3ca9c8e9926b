import type { WishedEntry } from './checkpoint-lines.ts';

/** A header, an extended one with its content, and what fills the last blocks of these and of a file. */
const HEADER_BYTES = 5 * 512;
/** Linux takes no longer target of a link. */
const TARGET_BYTES = 4096;
/** What gzip adds to what it cannot compress, and the ends of both. */
const GZIP_SHARE = 1.01;
const END_BYTES = 64 * 1024;

/**
 * Bytes that a `.tar.gz` of these entries has at the most.
 *
 * @param slack bytes that the files may have grown by, all together
 */
export function mostArchiveBytes(entries: ReadonlyMap<string, WishedEntry>, slack = 0): number {
  let bytes = slack;
  for (const [path, { kind, size }] of entries) {
    bytes += HEADER_BYTES + path.length + size + (kind === 'link' ? TARGET_BYTES : 0);
  }
  return bytes * GZIP_SHARE + END_BYTES;
}
