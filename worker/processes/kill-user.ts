import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What else runs as this user can kill the one that is to kill it, or hold it: then another one tries. */
const TRIES = 20;
const TRY_MS = 250;

/**
 * Kills every process of a user at one blow, as only the kernel can: whoever forks and ends faster than we look has
 * another pid each time. Resolves to whether that was done. Only for root, and for a user that runs nothing but the agent;
 * throws where it would be everything, or us.
 */
export async function killUser(uid: number): Promise<boolean> {
  if (uid === 0 || uid === process.getuid?.()) throw new Error(`All that runs as user ${uid} is not the agent's.`);
  for (let tries = 0; tries < TRIES; tries++) if (await strike(uid)) return true;
  return false;
}

async function strike(uid: number): Promise<boolean> {
  const killer = spawn('/bin/sh', ['-c', 'kill -s KILL -- -1'], {
    cwd: '/',
    env: {},
    stdio: 'ignore',
    uid,
    gid: uid,
    timeout: TRY_MS,
    killSignal: 'SIGKILL',
  });
  try {
    const [exitCode] = await once(killer, 'close');
    // It does not kill itself; with 1 it says that there was nobody.
    return exitCode !== null;
  } catch (error) {
    // The user has more processes than it may: some of them must go before one of ours can begin.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}
