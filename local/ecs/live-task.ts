import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskControls } from '../faults/hooks.ts';
import {
  type ContainerHost,
  type PlannedContainer,
  planContainer,
  pullImages,
  type RunningContainer,
  startContainer,
} from './container-start.ts';
import type { StartQueue } from './start-queue.ts';
import type { TaskDefinition } from './task-definitions.ts';
import { removeFolder } from './task-folder.ts';
import { type StopCode, type TaskRecord, type TaskStatus, taskAsEvent } from './task-record.ts';
import type { TaskStore } from './task-store.ts';

/** Milliseconds after which a task that has said nothing no longer counts as starting. */
const START_SPAN = 2_000;
/** Milliseconds for the last log lines, in general and when everything stops. */
const LOG_PATIENCE = 30_000;
const LOG_PATIENCE_AT_CLOSE = 2_000;

/** What live tasks share. */
export interface TaskHost extends ContainerHost {
  readonly store: TaskStore;
  readonly queue: StartQueue;
  /** Holds a folder for each task that lives. */
  readonly workFolder: string;
  readonly now: () => string;
  /** Aborted when the service begins to close. */
  readonly closing: AbortSignal;
  /** Resolves when there is no time left for anybody's grace. */
  readonly hurry: Promise<unknown>;
}

/** One ECS task from PROVISIONING to STOPPED. */
export class LiveTask {
  readonly record: TaskRecord;
  /** Resolves when the task is STOPPED and nothing of it is left. */
  readonly over: Promise<void>;
  private readonly host: TaskHost;
  private readonly definition: TaskDefinition;
  private readonly stopRequest = new AbortController();
  private readonly containers: RunningContainer[] = [];
  private readonly planned: PlannedContainer[] = [];

  /** Begins at once; `record` is on disk already. */
  constructor(host: TaskHost, record: TaskRecord, definition: TaskDefinition) {
    this.host = host;
    this.record = record;
    this.definition = definition;
    this.over = this.live();
  }

  /** Asks the task to stop; the first reason is the one that is kept. */
  stop(code: StopCode, reason: string): void {
    if (this.record.stopCode) return;
    this.intend(code, reason);
    this.change();
    this.stopRequest.abort();
  }

  private async live(): Promise<void> {
    this.host.aws.publish(taskAsEvent(this.record));
    const giveBack = await this.host.queue.turn(this.stopRequest.signal);
    try {
      if (giveBack) await this.start();
      void Promise.race([
        delay(START_SPAN, undefined, { ref: false }),
        ...this.containers.map(({ process }) => process.alive),
      ]).then(giveBack);
      await this.untilStop();
    } catch (error) {
      giveBack?.();
      this.intend('TaskFailedToStart', error instanceof Error ? error.message : String(error));
    }
    await this.end();
  }

  private async start(): Promise<void> {
    const { host, record: task } = this;
    this.enter('PENDING', 'connectivityAt');
    host.faults?.assertStarts(task);
    const pullStartedAt = host.now();
    const pulled = pullImages(host, task, this.definition.properties.ContainerDefinitions);
    Object.assign(task, { pullStartedAt, pullStoppedAt: host.now() });
    const { properties } = this.definition;
    for (const container of pulled) {
      this.planned.push(await planContainer(host, task, container, properties, this.folder));
    }
    if (this.stopRequest.signal.aborted) return;
    for (const planned of this.planned) this.containers.push(await startContainer(host, planned));
    this.enter('RUNNING', 'startedAt');
  }

  /** Until an essential container exits or somebody asks for a stop. */
  private async untilStop(): Promise<void> {
    const { signal } = this.stopRequest;
    if (signal.aborted) return;
    this.host.faults?.started(this.record, this.controls(), this.ended());
    const essential = this.containers.filter(({ definition }) => definition.Essential);
    const asked = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([asked, ...essential.map(({ process }) => process.exited)]);
    this.intend('EssentialContainerExited', 'Essential container in task exited');
  }

  private controls(): TaskControls {
    return {
      kill: () => void Promise.all(this.containers.map(({ process }) => process.kill())),
      interrupt: () => this.stop('SpotInterruption', 'Your Spot Task was interrupted.'),
    };
  }

  private async ended(): Promise<void> {
    await Promise.all(this.containers.map(({ process }) => process.exited));
  }

  private async end(): Promise<void> {
    const { host, record: task } = this;
    await Promise.all(
      this.containers.map(({ process, definition }) => process.stop(definition.StopTimeout, host.hurry)),
    );
    const leaders = this.containers.map(({ process }) => process.pid);
    const marker = host.markerOf(task.taskId);
    const survivors = await host.processes.kill({ marked: (value) => value === marker, folder: this.folder, leaders });
    if (survivors.length > 0)
      host.aws.log(`ecs: task ${task.taskId} has left processes behind: ${survivors.join(', ')}`);
    for (const { record, process } of this.containers) record.exitCode = await process.exited;
    for (const record of task.containers) record.lastStatus = 'STOPPED';
    this.enter('DEPROVISIONING', 'executionStoppedAt');
    const patience = host.closing.aborted ? LOG_PATIENCE_AT_CLOSE : LOG_PATIENCE;
    await Promise.all(this.planned.map(({ plan }) => plan.log?.close(patience)));
    await removeFolder(this.folder).catch((error) => host.aws.log(`ecs: ${this.folder} cannot be removed: ${error}`));
    this.enter('STOPPED', 'stoppedAt');
    // Whoever listens to events may be closing too: the next boot tells them again.
    task.announced = !host.closing.aborted;
    this.save();
  }

  private intend(code: StopCode, reason: string): void {
    if (this.record.stopCode) return;
    const stoppingAt = this.host.now();
    Object.assign(this.record, { stopCode: code, stoppedReason: reason, desiredStatus: 'STOPPED', stoppingAt });
  }

  private enter(status: TaskStatus, time: 'connectivityAt' | 'startedAt' | 'executionStoppedAt' | 'stoppedAt'): void {
    this.record.lastStatus = status;
    this.record[time] = this.host.now();
    this.change();
  }

  private change(): void {
    this.record.version += 1;
    this.record.updatedAt = this.host.now();
    this.save();
    this.host.aws.publish(taskAsEvent(this.record));
  }

  /** A full disk must not keep a task from stopping: the operator reads of it. */
  private save(): void {
    try {
      this.host.store.save(this.record);
    } catch (error) {
      this.host.aws.log(`ecs: the state of task ${this.record.taskId} cannot be written: ${error}`);
    }
  }

  private get folder(): string {
    return join(this.host.workFolder, this.record.taskId);
  }
}
