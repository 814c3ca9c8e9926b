import ora, { type Ora } from 'ora';
import colours from 'picocolors';

/** What the demo shows: a spinner below the lines on a terminal, plain lines elsewhere. */
export interface Display {
  heading(text: string): void;
  line(text: string): void;
  log(text: string): void;
  /** What is going on until the next call. */
  status(text: string): void;
  done(): void;
}

export function createDisplay(stream: NodeJS.WriteStream = process.stdout): Display {
  const spinner = stream.isTTY ? ora({ stream, discardStdin: false, prefixText: ' ' }) : undefined;
  const print = (text: string) => above(spinner, () => stream.write(`${text}\n`));
  return {
    heading: (text) => print(`\n${colours.bold(text)}`),
    line: (text) => print(`  ${text}`),
    log: (text) => print(`  ${colours.dim('│')} ${oneLine(text, columnsOf(stream) - 4)}`),
    status: (text) => {
      if (!spinner) return print(`  ${text}`);
      spinner.text = oneLine(text, columnsOf(stream) - 6);
      if (!spinner.isSpinning) spinner.start();
    },
    done: () => void spinner?.stop(),
  };
}

function above(spinner: Ora | undefined, write: () => void): void {
  if (spinner?.isSpinning) spinner.clear();
  write();
  if (spinner?.isSpinning) spinner.render();
}

function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.columns ?? 80;
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
