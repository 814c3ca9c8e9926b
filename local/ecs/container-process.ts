import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogStream } from './log-stream.ts';
import { type ProcessTable, signal } from './process-table.ts';

/** The variable that every process of an ECS task carries, so that it can be found again. */
export const MARKER = 'OUTPOST_ECS_TASK';

/** What stands for a container image: a command that is run in a folder. */
export interface LocalImage {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface ContainerPlan {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: LogStream | undefined;
}

/** A container of an ECS task: one child process, the leader of its own session and group. */
export class ContainerProcess {
  /** Resolves to the exit code as a container runtime gives it: 128 + n for signal n. */
  readonly exited: Promise<number>;
  /** Resolves with the first output or the exit: from then on it doesn't count as starting. */
  readonly alive: Promise<void>;
  private readonly child: ChildProcess;
  private readonly processes: ProcessTable;
  private running = true;

  private constructor(child: ChildProcess, processes: ProcessTable, log: LogStream | undefined) {
    this.child = child;
    this.processes = processes;
    for (const output of this.outputs()) {
      // Output that nobody wants is read all the same: a full pipe would hold the container up.
      if (log) log.take(output);
      else output.resume();
    }
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, name) => {
        this.running = false;
        resolve(code ?? 128 + (name === null ? 0 : constants.signals[name]));
      });
    });
    this.alive = new Promise((resolve) => {
      for (const output of this.outputs()) output.once('data', () => resolve());
      void this.exited.then(() => resolve());
    });
  }

  /** Rejects with the system's error where the command cannot be started. */
  static async start(plan: ContainerPlan, processes: ProcessTable): Promise<ContainerProcess> {
    const [file = '', ...args] = plan.command;
    const { directory: cwd, env } = plan;
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const started = new ContainerProcess(child, processes, plan.log);
    await once(child, 'spawn');
    return started;
  }

  /** Of the main process, which leads its session and its group. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** SIGTERM to the main process alone, as a container runtime does; SIGKILL to all of it after the grace. */
  async stop(graceSeconds: number, hurry: Promise<unknown>): Promise<void> {
    if (!this.running) return;
    this.signalMain('SIGTERM');
    const over = new AbortController();
    const patience = delay(graceSeconds * 1000, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.exited, patience, hurry]);
    over.abort();
    if (this.running) await this.kill();
  }

  /** Kills what the container has started, itself included. */
  async kill(): Promise<void> {
    this.signalMain('SIGKILL');
    await this.processes.kill({ marked: () => false, leaders: [this.pid] });
    await this.exited;
  }

  private outputs(): readonly Readable[] {
    return [this.child.stdout, this.child.stderr].filter((output) => output !== null);
  }

  private signalMain(name: NodeJS.Signals): void {
    if (this.running) signal(this.pid, name);
  }
}
