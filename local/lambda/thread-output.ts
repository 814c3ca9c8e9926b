import { format } from 'node:util';
import type { ThreadData, ThreadMessage } from './thread-messages.ts';

const MAX_UNREAD = 2 * 1024 * 1024;
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
type Level = (typeof LEVELS)[number];

/**
 * Makes `console` write as Lambda's runtime does, and turns everything that the thread writes into messages, so that it
 * arrives before the result of the event that caused it. A thread that writes faster than its log takes it must wait.
 */
export function captureOutput(data: ThreadData, post: (message: ThreadMessage) => void) {
  const unread = new Int32Array(data.unread);
  let requestId = '';

  function emit(text: string): void {
    Atomics.add(unread, 0, text.length);
    while (Atomics.load(unread, 0) > MAX_UNREAD) Atomics.wait(unread, 0, Atomics.load(unread, 0), 100);
    post({ type: 'output', text, time: Date.now() });
  }

  const streams = [captureStream(process.stdout, emit), captureStream(process.stderr, emit)];
  const line = data.logFormat === 'JSON' ? jsonLine : textLine;
  const minimum = LEVELS.indexOf((process.env['AWS_LAMBDA_LOG_LEVEL'] ?? 'TRACE') as Level);
  const write =
    (level: Level) =>
    (...values: unknown[]) => {
      if (LEVELS.indexOf(level) >= minimum) emit(line(level, requestId, values));
    };
  console.log = write('INFO');
  console.info = write('INFO');
  console.debug = write('DEBUG');
  console.warn = write('WARN');
  console.error = write('ERROR');
  console.trace = write('TRACE');

  return {
    beginRequest(id: string): void {
      requestId = id;
    },
    /** Hands on a last line that was not ended. */
    flush(): void {
      for (const stream of streams) stream.flush();
    },
  };
}

/** One message for each line: the logger of a function writes to the stream, a JSON object a line. */
function captureStream(stream: NodeJS.WriteStream, emit: (text: string) => void) {
  let rest = '';
  stream.write = (chunk: Uint8Array | string, ...others: unknown[]): boolean => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) if (text !== '') emit(text);
    const done = others.find((other) => typeof other === 'function');
    if (done) process.nextTick(done as () => void);
    return true;
  };
  return {
    flush(): void {
      if (rest !== '') emit(rest);
      rest = '';
    },
  };
}

function textLine(level: Level, requestId: string, values: readonly unknown[]): string {
  return `${new Date().toISOString()}\t${requestId || 'undefined'}\t${level}\t${format(...values)}`;
}

function jsonLine(level: Level, requestId: string, values: readonly unknown[]): string {
  const message = values.length === 1 && typeof values[0] === 'object' ? values[0] : format(...values);
  return JSON.stringify({ timestamp: new Date().toISOString(), level, requestId, message });
}
