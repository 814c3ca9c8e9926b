import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CappedLog } from '../../worker/agent/capped-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'outpost-log-'));
let count = 0;
afterAll(() => rmSync(folder, { recursive: true }));

async function logged(chunks: readonly Buffer[], maxBytes: number): Promise<{ text: Buffer; onDisk: number }> {
  count += 1;
  const path = join(folder, `${count}.log`);
  const log = await CappedLog.create(path, maxBytes);
  for (const chunk of chunks) await log.write(chunk);
  const parts: Buffer[] = [];
  for await (const part of log.read()) parts.push(part);
  await log.close();
  return { text: Buffer.concat(parts), onDisk: statSync(path).size };
}

describe('output.log', () => {
  it('holds the bytes as they came', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc3]);

    const { text } = await logged([bytes, bytes], 100);

    expect(text).toEqual(Buffer.concat([bytes, bytes]));
  });

  it('keeps the beginning and the end of what is too long, and names the cut', async () => {
    const { text, onDisk } = await logged([Buffer.from('abcdefghijklmnopqrstuvwxyz')], 10);

    expect(text.toString()).toBe('abcde\n[outpost] 16 bytes are left out here: the log keeps 10.\nvwxyz');
    expect(onDisk).toBe(10);
  });

  it('is right for any pieces and any cap', async () => {
    const pieces = fc.array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 12 });

    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 2, max: 64 }), async (pieces, cap) => {
        const all = Buffer.from(pieces.join(''));

        const { text, onDisk } = await logged(
          pieces.map((piece) => Buffer.from(piece)),
          cap,
        );

        const head = Math.ceil(cap / 2);
        const cut = all.length - cap;
        const notice = Buffer.from(`\n[outpost] ${cut} bytes are left out here: the log keeps ${cap}.\n`);
        const kept = [all.subarray(0, head), notice, all.subarray(all.length - (cap - head))];
        expect(text).toEqual(cut > 0 ? Buffer.concat(kept) : all);
        expect(onDisk).toBeLessThanOrEqual(cap);
      }),
      { numRuns: 60 },
    );
  });
});
