import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Where util-linux lies, whatever PATH the worker is given. */
const SYSTEM_PATH = '/usr/bin:/bin';

/**
 * From now on neither this process nor any that it starts leaves a core dump, and only root can change that: a dump holds
 * the secrets of its process, and would lie in the workspace. Node has no call for it. Linux only: macOS writes none
 * unless it is asked to. Throws where there is no `prlimit`.
 */
export async function forbidCoreDumps(): Promise<void> {
  if (process.platform !== 'linux') return;
  const limit = ['--pid', String(process.pid), '--core=0:0'];
  await promisify(execFile)('prlimit', limit, { env: { PATH: SYSTEM_PATH } });
}
