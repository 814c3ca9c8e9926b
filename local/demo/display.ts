import colours from 'picocolors';
import { openStatusLine } from '../cli/status-line.ts';

/** What the demo shows: lines, and on a terminal what is going on below them. */
export interface Display {
  heading(text: string): void;
  line(text: string): void;
  log(text: string): void;
  /** What is going on until the next call. */
  status(text: string): void;
  done(): void;
}

export function createDisplay(stream: NodeJS.WriteStream = process.stdout): Display {
  const below = stream.isTTY ? openStatusLine([stream], colours.dim) : undefined;
  const print = (text: string) => void stream.write(`${text}\n`);
  return {
    heading: (text) => print(`\n${colours.bold(text)}`),
    line: (text) => print(`  ${text}`),
    log: (text) => print(`  ${colours.dim('│')} ${oneLine(text, columnsOf(stream) - 4)}`),
    status: (text) => (below ? below.show(`  ${text} …`) : print(`  ${text}`)),
    done: () => below?.show(''),
  };
}

function columnsOf(stream: NodeJS.WriteStream): number {
  // A terminal whose width nobody has set says 0.
  return stream.columns || 80;
}

/** An agent's line as one line of a terminal: control characters shown, not obeyed, and no longer than the width. */
function oneLine(text: string, width: number): string {
  const shown = Array.from(text.replace(/\t/g, '  '), (char) => (/\p{Cc}/u.test(char) ? '\u{fffd}' : char));
  return shown.length <= width ? shown.join('') : `${shown.slice(0, width - 1).join('')}…`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 1024 ** 2 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1024 ** 2).toFixed(1)} MiB`;
}

export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
