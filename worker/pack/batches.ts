/** Bytes that small parts are gathered into, so that 10,000 files do not make 30,000 writes. */
export const BATCH_BYTES = 256 * 1024;

/** @param least bytes of each batch but the last */
export function* inBatches(parts: Iterable<Buffer>, least = BATCH_BYTES): Generator<Buffer> {
  let batch: Buffer[] = [];
  let size = 0;
  for (const part of parts) {
    batch.push(part);
    size += part.length;
    if (size < least) continue;
    yield Buffer.concat(batch, size);
    batch = [];
    size = 0;
  }
  yield Buffer.concat(batch, size);
}
