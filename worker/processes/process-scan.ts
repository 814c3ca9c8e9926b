import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';

/** A living process, as far as it matters for whose it is. */
export interface ProcessFact {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Whether it belongs to a terminal, as what a person starts does. Unknown, and so `true`, outside Linux. */
  readonly hasTerminal: boolean;
  /** Grows with time; together with the pid it names a process for ever. Ticks on Linux, seconds elsewhere. */
  readonly startTime: number;
}

/** What runs on this machine, zombies aside. */
export async function scanProcesses(): Promise<ProcessFact[]> {
  return process.platform === 'linux' ? scanProc() : scanPs();
}

/** The process of this pid as it is now, or `undefined` where there is none. Linux only. */
export function readProcess(pid: number): ProcessFact | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  // The name of the command, in parentheses, can hold anything: the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session, terminal] = fields;
  if (!state || state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    hasTerminal: terminal !== '0',
    startTime: Number(fields[19]),
  };
}

/** Whether a process runs as this user, by any of its four user ids. Linux only. */
export function runsAs(pid: number, uid: number): boolean {
  const ids = /^Uid:\s+(.*)$/m.exec(readProc(`/proc/${pid}/status`))?.[1] ?? '';
  return ids.split(/\s+/).includes(String(uid));
}

/** Whether `NAME=value` is in the environment that a process was started with. Linux only. */
export function carries(pid: number, variable: string): boolean {
  return readProc(`/proc/${pid}/environ`).split('\0').includes(variable);
}

/** Whether the standard output or error of a process is the file that lay at one of these paths. Linux only. */
export function writesTo(pid: number, paths: readonly string[]): boolean {
  return [1, 2].some((fd) => {
    const target = tolerant(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return paths.includes(target.replace(/ \(deleted\)$/, ''));
  });
}

/** Whether the current folder of a process is this one or lies in it. Linux only. */
export function sitsIn(pid: number, folder: string): boolean {
  const current = tolerant(() => readlinkSync(`/proc/${pid}/cwd`)).replace(/ \(deleted\)$/, '');
  return current === folder || current.startsWith(`${folder}/`);
}

function scanProc(): ProcessFact[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((fact) => fact !== undefined);
}

async function scanPs(): Promise<ProcessFact[]> {
  const columns = 'pid=,ppid=,pgid=,state=,lstart=';
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', columns], {
    maxBuffer: 1 << 26,
    env: { LC_ALL: 'C' },
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, group, state, start] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line) ?? [];
    if (start === undefined || state?.startsWith('Z')) return [];
    const ids = { pid: Number(pid), parent: Number(parent), group: Number(group), session: Number(group) };
    return [{ ...ids, hasTerminal: true, startTime: Date.parse(start) / 1000 }];
  });
}

/** The pids of the processes with `NAME=value` in their environment, as far as macOS shows it. */
export async function pidsThatCarry(variable: string): Promise<ReadonlySet<number>> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], {
    maxBuffer: 1 << 28,
  });
  const lines = stdout.split('\n').filter((line) => line.split(' ').includes(variable));
  return new Set(lines.map((line) => Number.parseInt(line, 10)));
}

function readProc(path: string): string {
  return tolerant(() => readFileSync(path, 'latin1'));
}

const SILENT: readonly string[] = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENAMETOOLONG'];

/** A process may end, belong to another user, or sit deeper than Linux can say: it then tells nothing. */
function tolerant(read: () => string): string {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (SILENT.includes(code)) return '';
    throw error;
  }
}
