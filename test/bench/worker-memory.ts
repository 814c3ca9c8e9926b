import { readdirSync, readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 50;

/** Mebibytes that were resident at the most. */
export interface MemoryPeaks {
  readonly worker: number;
  /** Of its children that read the workspace, together. */
  readonly children: number;
}

/**
 * Follows the memory of the processes that run in a data folder's ECS tasks.
 * @param folder that their environment names
 */
export function watchMemory(folder: string): { peaks(): MemoryPeaks; stop(): void } {
  const kib = { worker: 0, children: 0 };
  const timer = setInterval(() => {
    const pids = workerPids(folder);
    for (const role of ['worker', 'children'] as const) {
      const ofRole = pids.filter((pid) => (role === 'worker') === isWorkerItself(pid));
      kib[role] = Math.max(
        kib[role],
        ofRole.reduce((sum, pid) => sum + residentKib(pid), 0),
      );
    }
  }, LOOK_EVERY_MS);
  const peaks = () => ({ worker: Math.round(kib.worker / 1024), children: Math.round(kib.children / 1024) });
  return { peaks, stop: () => clearInterval(timer) };
}

/** Its children are told what to do behind the program's name. */
function isWorkerItself(pid: string): boolean {
  return read(pid, 'cmdline').endsWith('main.mjs\0');
}

function workerPids(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isWorker(pid, folder));
}

function isWorker(pid: string, folder: string): boolean {
  return read(pid, 'cmdline').includes('main.mjs') && (read(pid, 'environ') + read(pid, 'cmdline')).includes(folder);
}

function residentKib(pid: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1] ?? 0);
}

/** Nothing of a process that has just ended. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
