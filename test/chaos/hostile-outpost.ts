import type { FaultSettings } from '../../local/faults/fault-settings.ts';
import { type BootOrder, type EmbeddedProcess, type KillableAws, startKillableAws } from './killable-aws.ts';

export interface HostileOptions extends BootOrder {
  readonly faults: FaultSettings;
  /** What its process says goes there. */
  readonly logFile: string;
}

/** Outpost under a fault plan, in a process that is killed and booted again while clients use it. */
export class HostileOutpost {
  /** Boots and kills, for the timeline: milliseconds since the epoch. */
  readonly restarts: { readonly at: number; readonly what: string }[] = [];
  private process: Promise<KillableAws>;

  constructor(private readonly options: HostileOptions) {
    this.process = this.boot();
  }

  /** The data folder. */
  get data(): string {
    return this.options.data;
  }

  /** The process that serves: the one that boots, where none does. */
  async up(): Promise<EmbeddedProcess> {
    return this.process;
  }

  /** `kill -9`, and a boot from what is left. Rejects where that fails. */
  async killAndBoot(): Promise<void> {
    const before = await this.process;
    this.process = before.kill().then(() => {
      this.note('killed');
      return this.boot();
    });
    await this.process;
  }

  async kill(): Promise<void> {
    await (await this.process).kill();
  }

  /** In order, as Ctrl-C does. */
  async close(): Promise<void> {
    await (await this.process).close();
    this.note('closed');
  }

  private async boot(): Promise<KillableAws> {
    const { logFile, ...order } = this.options;
    const booted = await startKillableAws(order, logFile);
    this.note(`booted in ${Math.round(booted.bootMs)} ms`);
    return booted;
  }

  private note(what: string): void {
    this.restarts.push({ at: Date.now(), what });
  }
}
