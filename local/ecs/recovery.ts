import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalAws } from '../aws-service.ts';
import type { ProcessTable } from './process-table.ts';
import { removeFolder } from './task-folder.ts';
import { type TaskRecord, taskAsEvent } from './task-record.ts';
import type { TaskStore } from './task-store.ts';

/**
 * How a task ends whose host is gone. AWS documents this reason, under "Task retirement and maintenance for AWS
 * Fargate", for planned maintenance and for hosts that fail; `TerminationNotice` is the stop code of a host that ends.
 */
export const HOST_LOST = {
  stopCode: 'TerminationNotice',
  stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
} as const;

/** Ends what an earlier process of ours has left: its child processes, its tasks' records, their folders. */
export async function recover(
  parts: { aws: LocalAws; store: TaskStore; processes: ProcessTable; workFolder: string; now: () => string },
  ours: (marker: string) => boolean,
): Promise<void> {
  const survivors = await parts.processes.kill({ marked: ours, folder: parts.workFolder });
  if (survivors.length > 0) throw new Error(`Processes of an earlier run cannot be ended: ${survivors.join(', ')}.`);
  for (const task of parts.store.list()) {
    if (task.lastStatus !== 'STOPPED') parts.store.save(lost(task, parts.now()));
  }
  for (const name of await readdir(parts.workFolder)) {
    const folder = join(parts.workFolder, name);
    await removeFolder(folder).catch((error) => parts.aws.log(`ecs: ${folder} cannot be removed: ${error}`));
  }
}

/** Publishes the stops that nobody has heard of yet. */
export function announceStops(aws: LocalAws, store: TaskStore): void {
  for (const task of store.list().filter(({ lastStatus, announced }) => lastStatus === 'STOPPED' && !announced)) {
    aws.publish(taskAsEvent(task));
    task.announced = true;
    store.save(task);
  }
}

function lost(task: TaskRecord, now: string): TaskRecord {
  const { stopCode, stoppedReason, stoppingAt } = task;
  const reason = stopCode ? { stopCode, stoppedReason, stoppingAt } : { ...HOST_LOST, stoppingAt: now };
  for (const container of task.containers) container.lastStatus = 'STOPPED';
  return Object.assign(task, reason, {
    desiredStatus: 'STOPPED',
    lastStatus: 'STOPPED',
    executionStoppedAt: task.executionStoppedAt ?? now,
    stoppedAt: now,
    updatedAt: now,
    version: task.version + 1,
  });
}
