import type { EcsStop } from '../../core/ecs-stop.ts';
import { STOP_SECONDS } from '../../core/time-limits.ts';
import type { EcsTasks } from '../shared/ecs-tasks.ts';

export interface StopCollaborators {
  readonly tasks: Pick<EcsTasks, 'describe' | 'stop'>;
  readonly now: () => Date;
  /** Resolves after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Looks often at first, because most ECS tasks of a dead execution are already on their way out. */
const QUICK_LOOKS = 25;
const QUICK_LOOK_MS = 200;
const SLOW_LOOK_MS = 1_000;

/**
 * Stops an ECS task that still runs, and waits until it has stopped, which is when its last upload is in: 180 seconds at
 * most. Answers what ECS says of it then; `undefined` where ECS knows it no more.
 */
export async function stopAndAwait(
  { tasks, now, wait }: StopCollaborators,
  taskArn: string,
  why: string,
): Promise<EcsStop | undefined> {
  const deadline = now().getTime() + STOP_SECONDS * 1000;
  let task = await tasks.describe(taskArn);
  if (task && !task.hasStopped) await tasks.stop(taskArn, why);
  for (let looks = 0; task && !task.hasStopped && now().getTime() < deadline; looks++) {
    await wait(looks < QUICK_LOOKS ? QUICK_LOOK_MS : SLOW_LOOK_MS);
    task = await tasks.describe(taskArn);
  }
  return task?.stop;
}
