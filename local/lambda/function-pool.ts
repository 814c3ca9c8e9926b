import { randomUUID } from 'node:crypto';
import { AwsError } from '../gateway/aws-error.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { Invocation, InvocationResult, Sandbox } from './sandbox.ts';
import type { FunctionFault } from './thread-messages.ts';

const MAX_THREADS = 4;
const IDLE_MS = 120_000;

/** What a pool needs of a thread. */
export type PooledThread = Pick<Sandbox, 'usable' | 'start' | 'invoke' | 'close'>;

/** A thread, and when it last ended an event (milliseconds since the epoch). */
interface WarmThread {
  readonly thread: PooledThread;
  readonly since: number;
}

/**
 * The threads of one function: at most four, or its reserved concurrency if that is less. Further events wait in order
 * of arrival. The thread used last is used next; one that idles for two minutes beside another is ended.
 */
export class FunctionPool {
  private readonly idle: WarmThread[] = [];
  private readonly all = new Set<PooledThread>();
  private readonly waiting: (() => void)[] = [];
  private readonly maxThreads: number;
  private running = 0;
  private closed = false;

  /** @param start begins a thread with this log stream */
  constructor(
    readonly configuration: FunctionConfiguration,
    private readonly start: (logStream: string) => PooledThread,
  ) {
    this.maxThreads = Math.min(MAX_THREADS, configuration.reservedConcurrency ?? MAX_THREADS);
  }

  /** Whether an event would be throttled: as many are under way as the function has reserved. */
  get exhausted(): boolean {
    const { reservedConcurrency } = this.configuration;
    return reservedConcurrency !== undefined && this.running + this.waiting.length >= reservedConcurrency;
  }

  /** Runs one event. Rejects with `TooManyRequestsException` beyond the function's reserved concurrency. */
  async invoke(invocation: Invocation): Promise<InvocationResult> {
    if (this.exhausted) {
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
        status: 429,
        fields: { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded', Type: 'User' },
      });
    }
    return this.onThread((thread) => thread.invoke(invocation));
  }

  /** Keeps a thread ready for the first event; the fault where the function cannot be loaded. */
  async warmUp(): Promise<FunctionFault | undefined> {
    return this.maxThreads === 0 ? undefined : this.onThread((thread) => thread.start());
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const resume of this.waiting.splice(0)) resume();
    await Promise.all([...this.all].map((thread) => thread.close()));
  }

  private async onThread<Result>(work: (thread: PooledThread) => Promise<Result>): Promise<Result> {
    await this.turn();
    try {
      const thread = this.takeThread();
      const result = await work(thread);
      if (thread.usable && !this.closed) this.idle.push({ thread, since: Date.now() });
      else this.all.delete(thread);
      this.endIdleThreads();
      return result;
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  /** A place is taken before anyone else can run, so that who came later never overtakes. */
  private async turn(): Promise<void> {
    if (this.running >= this.maxThreads || this.waiting.length > 0) {
      await new Promise<void>((resolve) => this.waiting.push(() => resolve(this.takePlace())));
    } else {
      this.takePlace();
    }
  }

  private takePlace(): void {
    this.running += 1;
  }

  private takeThread(): PooledThread {
    if (this.closed) throw new AwsError('ServiceException', 'Lambda is shutting down.', { status: 500 });
    for (let warm = this.idle.pop(); warm; warm = this.idle.pop()) {
      if (warm.thread.usable) return warm.thread;
      this.all.delete(warm.thread);
    }
    const thread = this.start(logStreamName());
    this.all.add(thread);
    return thread;
  }

  private endIdleThreads(): void {
    while (this.idle.length > 1 && Date.now() - (this.idle[0]?.since ?? 0) > IDLE_MS) {
      const thread = this.idle.shift()?.thread;
      if (!thread) return;
      this.all.delete(thread);
      void thread.close();
    }
  }
}

function logStreamName(): string {
  const date = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return `${date}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
}
