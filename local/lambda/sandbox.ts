import { Worker } from 'node:worker_threads';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { PlatformLines } from './platform-lines.ts';
import type { FunctionFault, InvokeMessage, ThreadData, ThreadMessage } from './thread-messages.ts';

const INIT_SECONDS = 10;

/** One event for a function. */
export interface Invocation {
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
  readonly clientContext?: string;
  /** Hears each line that is logged while the event runs. */
  readonly onLine?: (line: string) => void;
  /** X-Ray's header, which the SDK in the function sends with its calls. */
  readonly traceId?: string;
  /** Kills the thread while it runs this event. */
  readonly kill?: AbortSignal;
}

/** JSON text that the handler returned, or how it failed. */
export type InvocationResult = { readonly body: string } | { readonly fault: FunctionFault };

/** What a thread writes goes here; `delivered` lets a thread that writes too fast go on. */
export type OutputSink = (text: string, time: number, delivered: () => void) => void;

export interface SandboxOptions {
  /** The bundled `runtime-thread.ts`. */
  readonly runtimePath: string;
  readonly configuration: FunctionConfiguration;
  readonly logStream: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly platformLines: PlatformLines;
  readonly onOutput: OutputSink;
  /** Called once, when the thread is gone. */
  readonly onEnd: () => void;
}

/** One thread of a function: serves one event at a time, is kept warm between them, and ends when it fails. */
export class Sandbox {
  private readonly worker: Worker;
  private readonly unread = new SharedArrayBuffer(4);
  private readonly exited: Promise<void>;
  private starting = true;
  private ended = false;
  private settle: ((result: InvocationResult | 'ready') => void) | undefined;
  private startResult: Promise<InvocationResult | 'ready'>;
  private requestId = '';
  private onLine: ((line: string) => void) | undefined;

  constructor(private readonly options: SandboxOptions) {
    const { configuration } = options;
    this.worker = new Worker(options.runtimePath, {
      env: { ...options.environment },
      // The flags of this process load the TypeScript of this process; a function has nothing to do with them.
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: configuration.memorySize },
      workerData: this.threadData(),
    });
    this.worker.stdout.resume();
    this.worker.stderr.resume();
    this.worker.on('message', (message: ThreadMessage) => this.onMessage(message));
    this.worker.on('messageerror', (error) => this.end({ fault: exitFault(this.requestId, error.message) }));
    this.worker.on('error', (error) => this.end({ fault: this.faultOfThread(error) }));
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        this.end({ fault: exitFault(this.requestId, code === 0 ? undefined : `exit status ${code}`) });
        options.onEnd();
        resolve();
      });
    });
    this.startResult = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Whether the thread can serve another event. */
  get usable(): boolean {
    return !this.ended;
  }

  /** Waits until the function is loaded; the fault where it cannot be. Never rejects. */
  async start(): Promise<FunctionFault | undefined> {
    if (this.starting) {
      const seconds = this.options.configuration.timeoutSeconds + INIT_SECONDS;
      const started = await this.within(seconds, this.startResult);
      this.starting = false;
      if (started !== 'ready' && 'fault' in started) return started.fault;
    }
    return this.ended ? exitFault(this.requestId) : undefined;
  }

  /** Runs one event. Never rejects: whatever happens to the thread is a fault. */
  async invoke(invocation: Invocation): Promise<InvocationResult> {
    this.requestId = invocation.requestId;
    this.onLine = invocation.onLine;
    const fault = await this.start();
    const { platformLines } = this.options;
    this.writeLines(platformLines.start(this.requestId));
    const begin = performance.now();
    const result = fault ? { fault } : await this.run(invocation);
    this.writeLines(platformLines.report(this.requestId, performance.now() - begin, result));
    this.onLine = undefined;
    return result;
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    this.end({ fault: exitFault(this.requestId) });
    await this.worker.terminate();
    await this.exited;
  }

  private async run({ requestId, payload, clientContext, traceId, kill }: Invocation): Promise<InvocationResult> {
    const { arn, timeoutSeconds } = this.options.configuration;
    const result = new Promise<InvocationResult | 'ready'>((resolve) => {
      this.settle = resolve;
    });
    this.worker.postMessage({
      requestId,
      payload,
      functionArn: arn,
      deadline: Date.now() + timeoutSeconds * 1000,
      ...(clientContext !== undefined && { clientContext }),
      ...(traceId !== undefined && { traceId }),
    } satisfies InvokeMessage);
    const killed = () => this.end({ fault: exitFault(requestId, 'signal: killed') });
    kill?.addEventListener('abort', killed, { once: true });
    const settled = await this.within(timeoutSeconds, result);
    kill?.removeEventListener('abort', killed);
    return settled === 'ready' ? { fault: exitFault(requestId) } : settled;
  }

  private async within(seconds: number, work: Promise<InvocationResult | 'ready'>) {
    const timer = setTimeout(() => {
      const errorMessage = `RequestId: ${this.requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`;
      this.end({ fault: { errorType: 'Sandbox.Timedout', errorMessage } });
    }, seconds * 1000);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  private onMessage(message: ThreadMessage): void {
    if (message.type === 'output') {
      this.onLine?.(message.text);
      this.options.onOutput(message.text, message.time, () => this.markRead(message.text.length));
    } else if (message.type === 'fault' && message.fatal) {
      this.end({ fault: message.fault });
    } else if (message.type === 'fault') {
      this.settle?.({ fault: message.fault });
    } else {
      this.settle?.(message.type === 'ready' ? 'ready' : { body: message.body });
    }
  }

  /** The first reason for which a thread ends is the one its caller hears. */
  private end(result: InvocationResult): void {
    if (this.ended) return;
    this.ended = true;
    this.settle?.(result);
    void this.worker.terminate();
  }

  private writeLines(lines: readonly string[]): void {
    for (const line of lines) {
      this.onLine?.(line);
      this.options.onOutput(line, Date.now(), () => {});
    }
  }

  private markRead(length: number): void {
    const unread = new Int32Array(this.unread);
    Atomics.sub(unread, 0, length);
    Atomics.notify(unread, 0);
  }

  private faultOfThread(error: Error): FunctionFault {
    const outOfMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    return exitFault(this.requestId, outOfMemory ? 'signal: killed' : error.message);
  }

  private threadData(): ThreadData {
    const { configuration, logStream } = this.options;
    return {
      directory: configuration.directory,
      handler: configuration.handler,
      functionName: configuration.name,
      memorySize: configuration.memorySize,
      logGroup: configuration.logGroup,
      logStream,
      logFormat: configuration.logFormat,
      unread: this.unread,
    };
  }
}

function exitFault(requestId: string, how?: string): FunctionFault {
  const message = how === undefined ? 'Runtime exited without providing a reason' : `Runtime exited with error: ${how}`;
  return { errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${requestId} Error: ${message}` };
}
