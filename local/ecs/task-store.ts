import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskRecord } from './task-record.ts';

const HOUR = 3_600_000;
const PRUNE_PERIOD = 60_000;
/** How long an idempotency token is remembered. */
const TOKEN_LIFE = 24 * HOUR;

/** The ECS tasks that are known, one file each, so that they survive us. */
export class TaskStore {
  private readonly folder: string;
  private readonly now: () => number;
  private readonly tasks = new Map<string, TaskRecord>();
  private nextPrune = 0;
  private readonly byToken = new Map<string, string[]>();

  constructor(folder: string, now: () => number) {
    this.folder = folder;
    this.now = now;
    mkdirSync(folder, { recursive: true });
    const known = readdirSync(folder).flatMap((name) => this.load(name));
    for (const task of known.sort((a, b) => a.createdAt.localeCompare(b.createdAt))) this.add(task);
  }

  /** Writes the task as it is now; it is on record when this returns. */
  save(task: TaskRecord): void {
    if (!this.tasks.has(task.taskId)) this.add(task);
    const path = this.path(task.taskId);
    writeFileSync(`${path}.new`, JSON.stringify(task));
    renameSync(`${path}.new`, path);
  }

  /** @param idOrArn as AWS takes it, for any cluster */
  find(idOrArn: string): TaskRecord | undefined {
    const task = this.tasks.get(idOrArn.slice(idOrArn.lastIndexOf('/') + 1));
    if (!task || (idOrArn.startsWith('arn:') && idOrArn !== task.taskArn)) return undefined;
    return this.isForgotten(task) ? undefined : task;
  }

  /** Those that AWS would still tell of, oldest first. */
  list(): TaskRecord[] {
    return [...this.tasks.values()].filter((task) => !this.isForgotten(task));
  }

  /** Tasks that an earlier RunTask with this token has made. */
  startedWith(clientToken: string): TaskRecord[] {
    const ids = this.byToken.get(clientToken) ?? [];
    return ids.flatMap((id) => this.tasks.get(id) ?? []);
  }

  /** Drops the tasks that nobody can ask for any more; looks for them once a minute. */
  prune(): void {
    if (this.now() < this.nextPrune) return;
    this.nextPrune = this.now() + PRUNE_PERIOD;
    for (const task of this.tasks.values()) {
      const life = task.clientToken === undefined ? HOUR : TOKEN_LIFE;
      if (task.stoppedAt !== undefined && this.now() - Date.parse(task.stoppedAt) > life) this.remove(task);
    }
  }

  /** AWS tells of a stopped task for an hour. */
  private isForgotten(task: TaskRecord): boolean {
    return task.stoppedAt !== undefined && this.now() - Date.parse(task.stoppedAt) > HOUR;
  }

  private load(name: string): TaskRecord[] {
    const path = join(this.folder, name);
    // What a dying process had begun to write was never answered for.
    if (name.endsWith('.new')) rmSync(path, { force: true });
    return name.endsWith('.json') ? [JSON.parse(readFileSync(path, 'utf8')) as TaskRecord] : [];
  }

  private add(task: TaskRecord): void {
    this.tasks.set(task.taskId, task);
    if (task.clientToken === undefined) return;
    this.byToken.set(task.clientToken, [...(this.byToken.get(task.clientToken) ?? []), task.taskId]);
  }

  private remove(task: TaskRecord): void {
    this.tasks.delete(task.taskId);
    if (task.clientToken !== undefined) this.byToken.delete(task.clientToken);
    rmSync(this.path(task.taskId), { force: true });
  }

  private path(taskId: string): string {
    return join(this.folder, `${taskId}.json`);
  }
}
