import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultSettings } from '../../local/faults/fault-settings.ts';
import { bootOutpost, type Outpost } from '../../local/outpost.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape, the wrong ones too.
  readonly body: any;
}

/** Outpost on the embedded AWS in a folder of its own, and the calls that tests make to it. */
export interface Harness {
  readonly outpost: Outpost;
  readonly folder: string;
  readonly lines: readonly string[];
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Submits a shell task and answers its dispatch id. */
  shell(task: string, more?: object): Promise<string>;
  /** The dispatch's view once `until` holds for it. */
  when(id: string, until: (dispatch: Answer['body']) => boolean, withinMs?: number): Promise<Answer['body']>;
  /** The dispatch's view once it has ended. */
  ended(id: string, withinMs?: number): Promise<Answer['body']>;
  close(): Promise<void>;
}

const TERMINAL = ['success', 'failed', 'timeout', 'cancelled'];

/** @param options `pool`: bounds like `shell=1-2`; without them every dispatch runs cold. `faults`: @default none */
export async function bootHarness(
  options: {
    assembly?: string;
    folder?: string;
    pool?: string;
    checkpointSeconds?: string;
    faults?: FaultSettings;
  } = {},
): Promise<Harness> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'outpost-e2e-')));
  const lines: string[] = [];
  const pool = options.pool ?? 'shell=0-0';
  const boot = {
    data: folder,
    port: 0,
    pool,
    ...(options.checkpointSeconds === undefined ? {} : { checkpointSeconds: options.checkpointSeconds }),
    ...(options.faults && { faults: options.faults }),
    log: (line: string) => void lines.push(line),
  };
  const removeFolder = async () => {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  const booting = bootOutpost(options.assembly === undefined ? boot : { ...boot, assembly: options.assembly });
  const outpost = await booting.catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  const call = caller(outpost.connection);
  const when: Harness['when'] = async (id, until, withinMs = 30_000) => {
    const { body } = await eventually(
      () => call('GET', `/dispatch/${id}`),
      ({ body }) => until(body.data ?? {}),
      withinMs,
    );
    return body.data;
  };
  return {
    outpost,
    folder,
    lines,
    call,
    shell: async (task, more = {}) => {
      const { status, body } = await call('POST', '/dispatch', { agent: 'shell', task, ...more });
      if (status !== 202) throw new Error(`POST /dispatch answered ${status}: ${JSON.stringify(body)}`);
      return body.data.dispatchId;
    },
    when,
    ended: (id, withinMs) => when(id, ({ status }) => TERMINAL.includes(status), withinMs),
    close: async () => {
      await outpost.close();
      await removeFolder();
    },
  };
}

export function caller({ baseUrl, apiKey }: Pick<Outpost['connection'], 'baseUrl' | 'apiKey'>): Harness['call'] {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
}

/** Milliseconds to the next question, of those waited so far: who waits long asks seldom, for every answer costs work. */
function pauseAfter(waitedMs: number): number {
  return Math.min(250, 50 + waitedMs / 50);
}

/** Asks again until the answer is the one that is waited for; fails with the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  until: (answer: T) => boolean,
  withinMs: number,
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const answer = await ask();
    if (until(answer)) return answer;
    const waitedMs = performance.now() - begun;
    if (waitedMs > withinMs) {
      throw new Error(`What was waited for did not come within ${withinMs} ms; last: ${JSON.stringify(answer)}`);
    }
    await sleep(pauseAfter(waitedMs));
  }
}

/** The pids of other processes with this text in their command line or environment; Linux alone tells. */
export function processesMentioning(text: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.filter((pid) => ['cmdline', 'environ'].some((file) => readProcFile(pid, file).includes(text)));
}

/** The command line of a process, empty once it is gone. */
export function commandLineOf(pid: string): string {
  return readProcFile(pid, 'cmdline');
}

function readProcFile(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    // A process that is gone, or another user's, is none of ours.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
