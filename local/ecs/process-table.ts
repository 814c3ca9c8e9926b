import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** One process of this machine, as far as it matters for finding ours again. */
export interface ProcessFact {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Value of the marker variable in its environment. */
  readonly marker: string | undefined;
  /** Where it works, if it has no terminal: what a person runs is told by its terminal. */
  readonly place?: string | undefined;
}

export interface Wanted {
  /** Whether a process with this value of the marker variable is meant. */
  marked(marker: string): boolean;
  /** A folder: what works there without a terminal is meant too, though it has cleared its environment (Linux alone). */
  readonly folder?: string;
  /** Leaders of process groups and sessions that are known to be ours. */
  readonly leaders?: readonly number[];
}

/**
 * The processes of this machine, found by a marker variable in their environment.
 *
 * A marker survives what parents and process groups don't: our own death, `setsid`, a parent that exits. Processes
 * without it are found as descendants of marked ones, and as members of their sessions and groups.
 */
export class ProcessTable {
  private readonly variable: string;
  private next: Promise<readonly ProcessFact[]> | undefined;

  constructor(variable: string) {
    this.variable = variable;
  }

  /** What runs, zombies aside. Callers within a few milliseconds share one scan, which begins after they asked. */
  snapshot(): Promise<readonly ProcessFact[]> {
    this.next ??= delay(5).then(() => {
      this.next = undefined;
      return process.platform === 'linux' ? scanProc(this.variable) : scanPs(this.variable);
    });
    return this.next;
  }

  /** Kills the wanted processes until none is left; resolves to those that still live after `patience` milliseconds. */
  async kill(wanted: Wanted, patience = 5_000): Promise<readonly number[]> {
    const end = Date.now() + patience;
    const killed = new Set<number>();
    for (;;) {
      const processes = await this.snapshot();
      const family = new Set(familyOf(processes, wanted));
      // One that is dying has lost its environment already.
      const pids = processes.map(({ pid }) => pid).filter((pid) => family.has(pid) || killed.has(pid));
      if (pids.length === 0 || Date.now() > end) return pids;
      for (const pid of family) {
        signal(pid, 'SIGKILL');
        killed.add(pid);
      }
      await delay(10);
    }
  }
}

/** Sends a signal; `false` where the process is gone already or is not ours to signal. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/** The wanted processes, their descendants, and everyone in the sessions and groups that these lead or have orphaned. */
export function familyOf(processes: readonly ProcessFact[], wanted: Wanted): readonly number[] {
  const alive = new Set(processes.map(({ pid }) => pid));
  const leaders = new Set(wanted.leaders ?? []);
  const family = new Set<number>();
  // A leader that lives and is not of the family is somebody's shell or daemon: its members are none of ours.
  const ours = (leader: number) => leader > 1 && (leaders.has(leader) || family.has(leader));
  const orphaned = (leader: number) => leader > 1 && !alive.has(leader);
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent, group, session, marker, place } of processes) {
      if (pid === process.pid || pid === 1 || family.has(pid)) continue;
      const marked = (marker !== undefined && wanted.marked(marker)) || isWithin(place, wanted.folder);
      if (marked || family.has(parent) || ours(session) || ours(group)) {
        family.add(pid);
        if (marked && orphaned(session)) leaders.add(session);
        if (marked && orphaned(group)) leaders.add(group);
      }
    }
  }
  return [...family];
}

function isWithin(place: string | undefined, folder: string | undefined): boolean {
  return place !== undefined && folder !== undefined && `${place}/`.startsWith(`${folder}/`);
}

function scanProc(variable: string): readonly ProcessFact[] {
  const facts: ProcessFact[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProc(`/proc/${name}/stat`);
    // The name of the command, in parentheses, can hold anything: the fields begin after the last one.
    const [state, parent, group, session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === undefined || state === '' || state === 'Z' || state === 'X') continue;
    const marker = markerIn(variable, readProc(`/proc/${name}/environ`).split('\0'));
    const place = terminal === '0' ? readProc(`/proc/${name}/cwd`, readlinkSync) : undefined;
    const numbers = { pid: Number(name), parent: Number(parent), group: Number(group), session: Number(session) };
    facts.push({ ...numbers, marker, place });
  }
  return facts;
}

const SILENT: readonly string[] = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENAMETOOLONG'];

/** A process may end, belong to another user, or sit deeper than Linux can say: it then tells nothing. */
function readProc(path: string, read: (path: string, encoding: 'latin1') => string = readFileSync): string {
  try {
    return read(path, 'latin1');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (SILENT.includes(code)) return '';
    throw error;
  }
}

/** macOS hides the environment of its own protected binaries (`/bin/bash`): those are found by parent and group. */
async function scanPs(variable: string): Promise<readonly ProcessFact[]> {
  const columns = 'pid=,ppid=,pgid=,state=,command=';
  const { stdout } = await promisify(execFile)('ps', ['-A', '-E', '-ww', '-o', columns], { maxBuffer: 1 << 28 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, group, state, rest] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (rest === undefined || state?.startsWith('Z')) return [];
    const marker = markerIn(variable, rest.split(' '));
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), session: Number(group), marker }];
  });
}

function markerIn(variable: string, environment: readonly string[]): string | undefined {
  return environment.find((entry) => entry.startsWith(`${variable}=`))?.slice(variable.length + 1);
}
