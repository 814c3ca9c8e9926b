import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ClientConfig } from '../../local/embedded-aws.ts';

const ENTRY = join(import.meta.dirname, 'embedded-process.ts');
const BOOT_TIMEOUT_MS = 60_000;
const LOG_LINES = 20;

/** What the process says when it is ready. */
export interface EmbeddedProcess {
  readonly operator: ClientConfig;
  readonly bucket: string;
}

/** Outpost on the embedded AWS in a process that can be killed at any moment. */
export interface KillableAws extends EmbeddedProcess {
  /** From the start of the process until it serves, in ms. */
  readonly bootMs: number;
  isKilled(): boolean;
  /** Kills it, and resolves when it is gone. */
  kill(): Promise<void>;
}

/** @throws where it isn't ready within a minute, with the last lines of its log */
export async function startKillableAws(data: string, assembly: string): Promise<KillableAws> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, data, assembly], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    log.push(line);
    if (log.length > LOG_LINES) log.shift();
  });
  const kill = () => killed(child);
  const isKilled = () => child.killed;
  try {
    const signal = AbortSignal.timeout(BOOT_TIMEOUT_MS);
    const [line] = await Promise.race([
      once(createInterface(child.stdout), 'line', { signal }) as Promise<string[]>,
      once(child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`It ended with ${code}.`))),
    ]);
    return { ...(JSON.parse(line ?? '') as EmbeddedProcess), bootMs: performance.now() - began, isKilled, kill };
  } catch (cause) {
    await kill();
    throw new Error(`The embedded AWS does not boot. ${String(cause)}\n${log.join('\n')}`, { cause });
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
