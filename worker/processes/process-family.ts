import { setTimeout as delay } from 'node:timers/promises';
import { killUser } from './kill-user.ts';
import {
  carries,
  type ProcessFact,
  pidsThatCarry,
  readProcess,
  runsAs,
  scanProcesses,
  sitsIn,
  writesTo,
} from './process-scan.ts';

/** What tells a process of the agent, beside its descent. */
export interface FamilySigns {
  /** `NAME=value` in the environment of the agent, which its children inherit. */
  readonly marker: string;
  /** Paths of the pipes that its output goes to. */
  readonly outputs: readonly string[];
  /** Where it works: who sits there, has no terminal and is younger than the worker was started by the agent. */
  readonly workspace: string;
  /** The user that runs nothing but this agent. */
  readonly uid?: number | undefined;
}

const KILL_ROUND_MS = 10;
const GONE_ROUND_MS = 50;
const linux = process.platform === 'linux';

/**
 * The agent and everything it started: its group and session, its descendants (also those whose parents are gone, where
 * they were seen before), and whoever carries its marker, holds its output or sits in its workspace. A pid alone names
 * nobody: it may have been reused, so each member is known by its start time too.
 */
export class ProcessFamily {
  private readonly members = new Map<number, number>();
  private readonly leaders = new Set<number>();
  /** Nobody is older than the worker itself. */
  private readonly bornAfter = (linux ? readProcess(process.pid)?.startTime : undefined) ?? 0;

  /** `leader` is the agent's first process: it leads a group and a session of its own. */
  constructor(
    leader: number,
    private readonly signs: FamilySigns,
  ) {
    this.leaders.add(leader);
  }

  /** Takes note of who belongs to the family now, so that they are known when their parents are gone. */
  async observe(): Promise<void> {
    this.absorb(await scanProcesses());
  }

  /** Those who live, found by every sign. */
  async living(): Promise<ProcessFact[]> {
    const processes = await scanProcesses();
    const signed = await this.signed(processes);
    for (const { pid, startTime } of signed) this.members.set(pid, startTime);
    this.absorb(processes);
    return processes.filter(({ pid, startTime }) => this.members.get(pid) === startTime);
  }

  /** Asks everyone to end. */
  async terminate(): Promise<void> {
    for (const member of await this.living()) signal(member, 'SIGTERM');
  }

  /** Resolves when nobody is left, or at the signal. */
  async gone(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.observe();
      if (this.members.size === 0 && (await this.living()).length === 0) return;
      await delay(GONE_ROUND_MS);
    }
  }

  /** Kills until two looks in a row find nobody. Resolves to those that live on after `patienceMs`. */
  async kill(patienceMs = 10_000): Promise<ProcessFact[]> {
    const end = Date.now() + patienceMs;
    const { uid } = this.signs;
    for (let quiet = 0; ; ) {
      // Also where we see nobody: who forks and ends all the time is gone whenever we look at it.
      const isSure = uid === undefined || quiet > 0 || (await killUser(uid));
      const living = await this.living();
      quiet = living.length === 0 && isSure ? quiet + 1 : 0;
      if (quiet === 2 || Date.now() > end) return living;
      for (const member of living) signal(member, 'SIGKILL');
      if (living.length > 0) await delay(KILL_ROUND_MS);
    }
  }

  private async signed(processes: readonly ProcessFact[]): Promise<ProcessFact[]> {
    const others = processes.filter((fact) => this.couldBelong(fact) && this.members.get(fact.pid) !== fact.startTime);
    if (!linux) {
      const marked = await pidsThatCarry(this.signs.marker);
      return others.filter(({ pid }) => marked.has(pid));
    }
    return others.filter((fact) => this.bearsSign(fact));
  }

  private bearsSign({ pid, hasTerminal }: ProcessFact): boolean {
    const { marker, outputs, workspace, uid } = this.signs;
    if (uid !== undefined && runsAs(pid, uid)) return true;
    return carries(pid, marker) || writesTo(pid, outputs) || (!hasTerminal && sitsIn(pid, workspace));
  }

  private absorb(processes: readonly ProcessFact[]): void {
    const byPid = new Map(processes.map((fact) => [fact.pid, fact]));
    for (const [pid, startTime] of this.members) {
      if (byPid.get(pid)?.startTime !== startTime) this.members.delete(pid);
    }
    for (let before = -1; before !== this.members.size; ) {
      before = this.members.size;
      for (const fact of processes) if (this.couldBelong(fact) && this.isRelated(fact)) this.adopt(fact);
    }
    this.forgetEmptyGroups(processes);
  }

  private adopt({ pid, group, session, startTime }: ProcessFact): void {
    this.members.set(pid, startTime);
    if (pid === group || pid === session) this.leaders.add(pid);
  }

  private isRelated({ parent, group, session }: ProcessFact): boolean {
    return this.members.has(parent) || this.leaders.has(group) || this.leaders.has(session);
  }

  private couldBelong({ pid, startTime }: ProcessFact): boolean {
    return pid > 1 && pid !== process.pid && startTime >= this.bornAfter;
  }

  /** The kernel gives out a pid again only when no group or session bears it: from then on it is somebody else's. */
  private forgetEmptyGroups(processes: readonly ProcessFact[]): void {
    const borne = new Set(processes.flatMap(({ pid, group, session }) => [pid, group, session]));
    for (const leader of this.leaders) if (!borne.has(leader)) this.leaders.delete(leader);
  }
}

/** Signals a process unless its pid has gone to another by now. */
function signal({ pid, startTime }: ProcessFact, name: NodeJS.Signals): void {
  if (linux && readProcess(pid)?.startTime !== startTime) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
