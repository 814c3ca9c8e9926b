import type { WorkerLog } from './worker-log.ts';

/** How a container is asked to end. ECS sends SIGTERM; the others come from a terminal. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Aborts at the first signal that asks us to stop. Later ones change nothing: the upload must not be cut short. */
export function listenForStop(log: WorkerLog): AbortSignal {
  const stop = new AbortController();
  for (const name of STOP_SIGNALS) process.on(name, () => stop.abort());
  stop.signal.addEventListener('abort', () => log.say('Asked to stop.'));
  return stop.signal;
}
