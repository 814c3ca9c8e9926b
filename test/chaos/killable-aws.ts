import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ClientConfig } from '../../local/embedded-aws.ts';
import type { FaultSettings } from '../../local/faults/fault-settings.ts';

const ENTRY = join(import.meta.dirname, 'embedded-process.ts');
const BOOT_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 30_000;
const LOG_LINES = 20;

/** What to boot: the folder of the data, a cloud assembly, and the faults that are to happen. */
export interface BootOrder {
  readonly data: string;
  readonly assembly: string;
  readonly faults?: FaultSettings;
}

/** What the process says when it is ready. */
export interface EmbeddedProcess {
  readonly operator: ClientConfig;
  readonly baseUrl: string;
  /** Outputs of the stack, by name. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Outpost on the embedded AWS in a process that can be killed at any moment. */
export interface KillableAws extends EmbeddedProcess {
  /** From the start of the process until it serves, in ms. */
  readonly bootMs: number;
  isKilled(): boolean;
  /** Kills it, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Closes it in order, as Ctrl-C does; resolves when it is gone. */
  close(): Promise<void>;
}

/**
 * @param logFile what it says is appended there. @default nowhere
 * @throws where it isn't ready within a minute, with the last lines of its log
 */
export async function startKillableAws(order: BootOrder, logFile?: string): Promise<KillableAws> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    if (logFile !== undefined) appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`);
    log.push(line);
    if (log.length > LOG_LINES) log.shift();
  });
  try {
    const signal = AbortSignal.timeout(BOOT_TIMEOUT_MS);
    const [line] = await Promise.race([
      once(createInterface(child.stdout), 'line', { signal }) as Promise<string[]>,
      once(child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`It ended with ${code}.`))),
    ]);
    return {
      ...(JSON.parse(line ?? '') as EmbeddedProcess),
      bootMs: performance.now() - began,
      isKilled: () => child.killed,
      kill: () => killed(child),
      close: () => closed(child),
    };
  } catch (cause) {
    await killed(child);
    throw new Error(`The embedded AWS does not boot. ${String(cause)}\n${log.join('\n')}`, { cause });
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function closed(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit', { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
  child.stdin?.end();
  await gone.catch(async (cause: unknown) => {
    await killed(child);
    throw new Error('The embedded AWS does not close.', { cause });
  });
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
