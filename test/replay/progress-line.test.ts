import { expect, it } from 'vitest';
import { openProgressLine } from '../../scripts/replay/progress-line.ts';

/** A stream as far as a progress line looks at it. */
function aStream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { written, stream: { isTTY, columns: 0, write } as unknown as NodeJS.WriteStream };
}

it('writes a line now and then where there is no terminal, and none twice', () => {
  const { stream, written } = aStream(false);
  let time = 0;
  const line = openProgressLine(stream, () => time);

  for (const [at, text] of [
    [1_000, 'one'],
    [10_000, 'two'],
    [15_000, 'three'],
    [20_000, 'two'],
    [30_000, 'four'],
  ] as const) {
    time = at;
    line.show(text);
  }
  line.close();

  expect(written).toEqual(['two\n', 'four\n']);
});

it('replaces its line on a terminal, also one that does not say how wide it is', () => {
  const { stream, written } = aStream(true);
  const line = openProgressLine(stream, () => 0);

  line.show('one');
  line.show('two');
  line.close();

  const text = written.join('');
  expect(text.length).toBeLessThan(100);
  expect(text).not.toContain('\n');
  expect(text.indexOf('two')).toBeGreaterThan(text.indexOf('one'));
});
