import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('./dynalite-process.mjs', import.meta.url));
const TARGET_PREFIX = 'DynamoDB_20120810';
const START_ATTEMPTS = 3;
const STOP_WAIT_MS = 3_000;
const SEND_ATTEMPTS = 3;
/** One thread serves them all. More would only mean more to fail at once, and the SDK's retries are rationed. */
const MAX_UNDER_WAY = 16;
const RESTART_WAIT_MS = 1_000;

/** Operations that may be sent again when it isn't known whether they were done. */
const READS: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'DescribeTable', 'ListTables']);

export interface DynaliteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface RunningDynalite {
  readonly process: ChildProcess;
  readonly port: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<unknown>;
}

/**
 * dynalite in a process of its own, started again with its data whenever it dies: it exits when a client drops a request
 * half-way, and on some requests that it doesn't expect.
 */
export class Dynalite {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: MAX_UNDER_WAY });
  private running: Promise<RunningDynalite> | undefined;
  private closed = false;

  /** @param folder where the data lies; it must exist */
  constructor(
    private readonly folder: string,
    private readonly log: (line: string) => void,
  ) {}

  /** Starts the process, unless it runs. Rejects where it can't be started. */
  async start(): Promise<void> {
    await this.current();
  }

  /**
   * Sends a request whole, and waits for a process that is just starting. Rejects when the process dies with a write
   * under way: it may have been done or not.
   * @param operation e.g. `PutItem`
   */
  async send(operation: string, body: Buffer): Promise<DynaliteAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const { port, ended } = await this.current();
      try {
        return await exchange(port, this.agent, operation, body);
      } catch (error) {
        const harmless = isRefused(error) || READS.has(operation);
        if (!harmless || attempt >= SEND_ATTEMPTS) throw error;
        await Promise.race([ended, delay(RESTART_WAIT_MS, undefined, { ref: false })]);
      }
    }
  }

  /** Ends the process; resolves when it is gone. */
  async close(): Promise<void> {
    this.closed = true;
    const process = await this.running?.then(
      (running) => running.process,
      () => undefined,
    );
    this.agent.destroy();
    if (process) await end(process);
  }

  private current(): Promise<RunningDynalite> {
    if (this.closed) return Promise.reject(new Error('DynamoDB has been closed.'));
    if (this.running === undefined) {
      const starting = this.startWithin(START_ATTEMPTS);
      this.running = starting;
      starting.catch(() => this.forget(starting));
    }
    return this.running;
  }

  private forget(running: Promise<RunningDynalite>): void {
    if (this.running === running) this.running = undefined;
  }

  private async startWithin(attempts: number): Promise<RunningDynalite> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.startProcess();
      } catch (error) {
        if (attempt >= attempts || this.closed) throw error;
        await delay(50 * 2 ** attempt);
      }
    }
  }

  private async startProcess(): Promise<RunningDynalite> {
    const child = fork(ENTRY, [this.folder], {
      execArgv: [],
      env: { AWS_REGION: 'us-east-1', AWS_ACCOUNT_ID: '000000000000' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    if (child.stderr) createInterface(child.stderr).on('line', (line) => this.log(`dynalite: ${line}`));
    const exited = once(child, 'exit');
    const port = await Promise.race([
      once(child, 'message').then(([message]) => (message as { port: number }).port),
      exited.then(([code, signal]) => Promise.reject(new Error(`dynalite did not start: ${signal ?? `exit ${code}`}`))),
    ]);
    child.once('exit', (code, signal) => this.restart(signal ?? `exit ${code}`));
    return { process: child, port, ended: exited };
  }

  private restart(why: string): void {
    this.running = undefined;
    if (this.closed) return;
    this.log(`dynalite ended (${why}) and is started again with its data`);
    this.current().catch((error: unknown) => this.log(`dynalite can't be started again: ${String(error)}`));
  }
}

function exchange(port: number, agent: Agent, operation: string, body: Buffer): Promise<DynaliteAnswer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': body.length,
    'x-amz-target': `${TARGET_PREFIX}.${operation}`,
    'x-amz-date': '20260101T000000Z',
    // dynalite wants to see a signature, but doesn't check it: the gateway did.
    authorization: 'AWS4-HMAC-SHA256 Credential=outpost, SignedHeaders=host, Signature=outpost',
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/', method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answered = Object.entries(response.headers).filter(([name]) => /^(content-type|x-amz.*)$/.test(name));
        resolve({
          status: response.statusCode ?? 500,
          headers: Object.fromEntries(answered.map(([name, value]) => [name, String(value)])),
          body: Buffer.concat(chunks),
        });
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** The connection was never made: nothing was sent. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, 'exit');
  if (process.connected) process.disconnect();
  const killing = setTimeout(() => process.kill('SIGKILL'), STOP_WAIT_MS);
  await exited;
  clearTimeout(killing);
}
