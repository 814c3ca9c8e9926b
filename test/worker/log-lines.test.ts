import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogLines } from '../../worker/agent/log-lines.ts';

function linesOf(chunks: readonly Buffer[], maxBytes: number): Buffer[] {
  const lines = new LogLines(maxBytes);
  return [...chunks.map((chunk) => lines.push(chunk)), lines.end()];
}

describe('the lines of the streamed log', () => {
  it('come whole, however the bytes arrive', () => {
    const written = linesOf([Buffer.from('on'), Buffer.from('e\ntw'), Buffer.from('o\n'), Buffer.from('rest')], 100);

    expect(written.map(String)).toEqual(['', 'one\n', 'two\n', '', 'rest\n']);
  });

  it('are split where they are too long, between characters', () => {
    const written = Buffer.concat(linesOf([Buffer.from(`${'é'.repeat(5)}\nok\n`)], 5));

    expect(written.toString('utf8')).toBe('éé\néé\né\nok\n');
  });

  it('are split somewhere where nothing in them is a character', () => {
    const written = Buffer.concat(linesOf([Buffer.alloc(7, 0xff)], 3));

    expect(written.filter((byte) => byte === 0xff)).toHaveLength(7);
    expect(written.toString('latin1')).toBe('ÿÿÿ\nÿÿÿ\nÿ\n');
  });

  it('hold every byte, end with a newline, and are never longer than allowed', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes.map((b) => b % 16))));

    fc.assert(
      fc.property(chunks, fc.integer({ min: 4, max: 20 }), (chunks, maxBytes) => {
        const written = Buffer.concat(linesOf(chunks, maxBytes));

        const without = (bytes: Buffer) => bytes.filter((byte) => byte !== 0x0a);
        expect(without(written)).toEqual(without(Buffer.concat(chunks)));
        expect(written.length === 0 || written.at(-1) === 0x0a).toBe(true);
        const longest = Math.max(
          ...written
            .toString('latin1')
            .split('\n')
            .map((line) => line.length),
        );
        expect(longest).toBeLessThanOrEqual(maxBytes);
      }),
    );
  });
});
