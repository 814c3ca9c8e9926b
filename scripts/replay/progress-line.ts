import colours from 'picocolors';
import { openStatusLine } from '../../local/cli/status-line.ts';

/** Where there is no terminal, milliseconds between two lines at least. */
const LINE_EVERY_MS = 10_000;

/** Shows how far something is, on standard error: as a line that is replaced in place, or in a file as one now and then. */
export interface ProgressLine {
  show(text: string): void;
  close(): void;
}

export function openProgressLine(stream: NodeJS.WriteStream, now: () => number): ProgressLine {
  if (stream.isTTY && process.env['TERM'] !== 'dumb') return openStatusLine([stream], colours.dim);
  let last = { text: '', at: now() };
  return {
    show: (text) => {
      if (text === last.text || now() - last.at < LINE_EVERY_MS) return;
      last = { text, at: now() };
      stream.write(`${text}\n`);
    },
    close: () => undefined,
  };
}
