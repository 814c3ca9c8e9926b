import { expect, it } from 'vitest';
import { openStatusLine } from '../../../local/cli/status-line.ts';

/** Streams to one terminal, and what its screen shows of them. */
function aTerminal(columns = 40) {
  let sent = '';
  const stream = () => ({
    columns,
    write: (chunk: unknown) => {
      sent += typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString();
      return true;
    },
  });
  const [stdout, stderr] = [stream(), stream()];
  return { stdout, stderr, screen: () => screenOf(sent), sent: () => sent };
}

const ERASE = '\u001b[2K';

/** The lines of a screen after `\r`, `\n` and "erase the line", which is all that a status line needs. */
function screenOf(text: string): string[] {
  const lines = [''];
  let column = 0;
  for (const piece of text.replaceAll(ERASE, '\0')) {
    const last = lines.length - 1;
    if (piece === '\n') {
      lines.push('');
      column = 0;
    } else if (piece === '\r') column = 0;
    else if (piece === '\0') lines[last] = '';
    else {
      lines[last] =
        `${(lines[last] ?? '').slice(0, column).padEnd(column)}${piece}${(lines[last] ?? '').slice(column + 1)}`;
      column++;
    }
  }
  return lines;
}

const plain = (text: string) => text;

it('is replaced in place, shorter ones too', () => {
  const { stdout, screen } = aTerminal();
  const line = openStatusLine([stdout], plain);

  line.show('two slots are warm');
  line.show('none');

  expect(screen()).toEqual(['none']);
});

it('lets whatever is printed through above it, unchanged', () => {
  const { stdout, stderr, screen } = aTerminal();
  const line = openStatusLine([stdout, stderr], plain);
  line.show('status');

  stdout.write('one\n');
  stderr.write('two\n');
  stdout.write(Buffer.from('three\nfour\n'));

  expect(screen()).toEqual(['one', 'two', 'three', 'four', 'status']);
});

it('waits for the end of a line that is printed in pieces', () => {
  const { stdout, screen } = aTerminal();
  const line = openStatusLine([stdout], plain);
  line.show('status');

  stdout.write('half ');
  line.show('newer');
  const between = screen();
  stdout.write('whole\n');

  expect([between, screen()]).toEqual([['half '], ['half whole', 'newer']]);
});

it('never fills the terminal, where it would wrap', () => {
  const { stdout, screen } = aTerminal(10);
  const line = openStatusLine([stdout], plain);

  line.show('a line that is too long');
  const long = screen();
  line.show('123456789');

  expect([long, screen()]).toEqual([['a line t…'], ['123456789']]);
});

it('takes a terminal that does not know its width for one of 80 characters', () => {
  const { stdout, screen } = aTerminal(0);

  openStatusLine([stdout], plain).show('x'.repeat(100));

  expect(screen()).toEqual([`${'x'.repeat(78)}…`]);
});

it('is gone when it is closed, and then leaves the streams alone', () => {
  const { stdout, screen, sent } = aTerminal();
  const write = stdout.write;
  const line = openStatusLine([stdout], plain);
  line.show('status');

  line.close();
  line.close();
  line.show('late');
  stdout.write('bye\n');

  expect(screen()).toEqual(['bye', '']);
  expect(stdout.write).toBe(write);
  expect(sent().endsWith('bye\n')).toBe(true);
});

it('sends nothing of its own before there is something to show', () => {
  const { stdout, sent } = aTerminal();

  openStatusLine([stdout], plain);
  stdout.write('one\n');

  expect(sent()).toBe('one\n');
});
