import { stripVTControlCharacters } from 'node:util';

/** A line at the bottom of a terminal that is replaced in place; whatever is printed besides goes above it. */
export interface StatusLine {
  /** Shows this instead, without a style of its own; what is too long for the terminal is cut. */
  show(text: string): void;
  /** Removes the line. Harmless to repeat. */
  close(): void;
}

/** What a status line needs of a stream, as `process.stdout` and `process.stderr` have it. */
export interface Terminal {
  readonly columns?: number | undefined;
  write: NodeJS.WriteStream['write'];
}

const ERASE = '\r\u001b[2K';

/**
 * Opens a status line on the first of these streams, which all lead to the same terminal: their own output is let
 * through above the line. A line of output that is not complete hides it until it is.
 * @param style what makes the line look other than the output
 */
export function openStatusLine(
  terminals: readonly [Terminal, ...Terminal[]],
  style: (text: string) => string,
): StatusLine {
  const [terminal] = terminals;
  const originals = terminals.map((stream) => stream.write);
  const write = terminal.write.bind(terminal) as (text: string) => boolean;
  let text = '';
  let isDrawn = false;
  let isAtLineStart = true;
  let isClosed = false;

  const erase = () => {
    if (isDrawn) write(ERASE);
    isDrawn = false;
  };
  const draw = () => {
    erase();
    if (isClosed || text === '' || !isAtLineStart) return;
    write(style(cut(text, terminal.columns)));
    isDrawn = true;
  };
  for (const stream of terminals) {
    const original = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = ((...args: unknown[]) => {
      erase();
      const taken = original(...args);
      isAtLineStart = endsLine(args[0], isAtLineStart);
      draw();
      return taken;
    }) as Terminal['write'];
  }
  return {
    show: (next) => {
      text = stripVTControlCharacters(next);
      draw();
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      erase();
      for (const [index, stream] of terminals.entries()) stream.write = originals[index] ?? stream.write;
    },
  };
}

/**
 * A line that fills the terminal wraps, and what has wrapped cannot be erased as one. A terminal whose width nobody has
 * set says 0.
 */
function cut(text: string, columns: number | undefined): string {
  const width = columns || 80;
  const characters = Array.from(text);
  return characters.length < width ? text : `${characters.slice(0, Math.max(0, width - 2)).join('')}…`;
}

function endsLine(chunk: unknown, before: boolean): boolean {
  if (typeof chunk === 'string') return chunk === '' ? before : chunk.endsWith('\n');
  return chunk instanceof Uint8Array && chunk.length > 0 ? chunk.at(-1) === 0x0a : before;
}
