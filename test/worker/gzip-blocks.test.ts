import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { BLOCK_BYTES, gzipBlocks } from '../../worker/pack/gzip-blocks.ts';

const TEXT = Buffer.from('what is said over and over is short. '.repeat(20_000));
const NOISE = randomBytes(700_000);

it.each([
  ['nothing', []],
  ['an empty part', [Buffer.alloc(0)]],
  ['a byte', [Buffer.from('x')]],
  ['less than a block', [TEXT.subarray(0, 1000), NOISE.subarray(0, 1000)]],
  ['exactly a block', [Buffer.alloc(BLOCK_BYTES, 'a')]],
  ['many parts of both kinds', Array.from({ length: 12 }, (_, n) => (n % 3 ? NOISE : TEXT))],
  ['a part of many blocks', [Buffer.concat([TEXT, NOISE, TEXT, NOISE])]],
])('holds %s, byte for byte, for every reader of gzip', async (_what, parts) => {
  const packed = await buffer(gzipBlocks(parts));

  expect(gunzipSync(packed).equals(Buffer.concat(parts))).toBe(true);
  // Browsers take one member, and nothing behind it.
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  expect((await buffer(unpacked)).equals(Buffer.concat(parts))).toBe(true);
});

it('makes text small, and noise hardly larger', async () => {
  const [text, noise] = [await buffer(gzipBlocks([TEXT])), await buffer(gzipBlocks([NOISE]))];

  expect(text.length).toBeLessThan(TEXT.length / 50);
  expect(noise.length).toBeLessThan(NOISE.length * 1.001);
});

it('is the same for the same bytes, whichever thread is faster', async () => {
  const parts = Array.from({ length: 8 }, (_, n) => (n % 2 ? NOISE : TEXT));

  const [first, second] = [await buffer(gzipBlocks(parts)), await buffer(gzipBlocks(parts))];

  expect(first.equals(second)).toBe(true);
});
