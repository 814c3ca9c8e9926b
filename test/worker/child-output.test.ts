import { expect, it } from 'vitest';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { type ListedFiles, MAX_LISTED_CHARACTERS, outputOfChild } from '../../worker/pack/child-output.ts';

/** Lists as many files of one byte as it is told, by names of 8,000 characters, and as many that it left out. */
const LISTS = `
  const { createWriteStream } = require('node:fs');
  const lines = createWriteStream('', { fd: 3 });
  const each = ['{"file":{"type":"file","size":1,"sha256":"' + 'a'.repeat(64) + '","path":"', '{"skipped":{"reason":"","path":"'];
  (async () => {
    for (let n = 0; n < Number(process.argv[1]); n++) {
      for (const line of each) {
        if (!lines.write(line + String(n).padStart(8000, 'x') + '"}}\\n')) await new Promise((done) => lines.once('drain', done));
      }
    }
    lines.end('{"end":true}\\n');
  })();`;

async function listed(count: number): Promise<ListedFiles> {
  const program = { file: process.execPath, args: ['-e', LISTS, String(count)] };
  const output = outputOfChild({ title: 'The child', ...program, env: {}, user: agentUser(undefined) });
  for (;;) {
    const { done, value } = await output.next();
    if (done) return value;
  }
}

it('lists all that a child names', async () => {
  const { files, skipped, ...rest } = await listed(100);

  expect([files.length, skipped.length, rest]).toEqual([100, 100, {}]);
});

it('counts what a list cannot hold', async () => {
  const count = Math.ceil(MAX_LISTED_CHARACTERS / 8_000);

  const { files, skipped, unlisted } = await listed(count);

  expect(files.length + skipped.length).toBeLessThan(count);
  expect(unlisted).toEqual({
    files: count - files.length,
    bytes: count - files.length,
    skipped: count - skipped.length,
  });
});

it('is over where a child tells what no child tells, though it goes on', async () => {
  const goesOn = `require('node:fs').writeSync(3, '{"wrong":1}\\n'); setInterval(() => process.stdout.write('x'.repeat(65536)), 1);`;
  const program = { file: process.execPath, args: ['-e', goesOn] };
  const output = outputOfChild({ title: 'The child', ...program, env: {}, user: agentUser(undefined) });

  const read = async () => {
    for await (const _ of output);
  };

  await expect(read()).rejects.toThrow('Invalid input');
});
