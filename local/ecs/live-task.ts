import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalAws } from '../aws-service.ts';
import { commandOf, environmentOf } from './container-environment.ts';
import { type ContainerPlan, ContainerProcess, type LocalImage } from './container-process.ts';
import type { ContainerDefinition } from './definition-schema.ts';
import type { LogDriver } from './log-driver.ts';
import type { ProcessTable } from './process-table.ts';
import type { StartQueue } from './start-queue.ts';
import type { TaskDefinition } from './task-definitions.ts';
import { removeFolder } from './task-folder.ts';
import { type ContainerRecord, type StopCode, type TaskRecord, type TaskStatus, taskAsEvent } from './task-record.ts';
import type { TaskStore } from './task-store.ts';

/** Milliseconds after which a task that has said nothing no longer counts as starting. */
const START_SPAN = 2_000;
/** Milliseconds for the last log lines, in general and when everything stops. */
const LOG_PATIENCE = 30_000;
const LOG_PATIENCE_AT_CLOSE = 2_000;

/** What live tasks share. */
export interface TaskHost {
  readonly aws: LocalAws;
  readonly store: TaskStore;
  readonly processes: ProcessTable;
  readonly queue: StartQueue;
  readonly logs: LogDriver;
  readonly workFolder: string;
  readonly resolveImage: (imageUri: string) => LocalImage;
  readonly markerOf: (taskId: string) => string;
  readonly now: () => string;
  /** Aborted when the service begins to close. */
  readonly closing: AbortSignal;
  /** Resolves when there is no time left for anybody's grace. */
  readonly hurry: Promise<unknown>;
}

interface RunningContainer {
  readonly record: ContainerRecord;
  readonly definition: ContainerDefinition;
  readonly process: ContainerProcess;
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
  private readonly plans = new Map<string, ContainerPlan>();

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
    this.enter('PENDING', 'connectivityAt');
    const pullStartedAt = this.host.now();
    const images = this.pairs(({ Image }) => pull(this.host.resolveImage, Image));
    Object.assign(this.record, { pullStartedAt, pullStoppedAt: this.host.now() });
    for (const { record, definition, of: image } of images) {
      record.imageDigest = `sha256:${createHash('sha256').update(record.image).digest('hex')}`;
      this.plans.set(record.name, await this.plan(record, definition, image));
    }
    if (this.stopRequest.signal.aborted) return;
    for (const { record, definition } of images) await this.startContainer(record, definition);
    this.enter('RUNNING', 'startedAt');
  }

  private async plan(
    record: ContainerRecord,
    definition: ContainerDefinition,
    image: LocalImage,
  ): Promise<ContainerPlan> {
    const { host, record: task } = this;
    const override = task.overrides.containerOverrides?.find(({ name }) => name === record.name);
    const parts = { image, definition, override };
    const env = environmentOf(host.aws, this.folder, host.markerOf(task.taskId), task, record, parts);
    const log = await this.openLog(definition);
    return { command: commandOf(image, definition, override), directory: image.directory, env, log };
  }

  private async openLog({ Name: name, LogConfiguration: configuration }: ContainerDefinition) {
    const { taskId, executionRoleArn } = this.record;
    if (!configuration || executionRoleArn === undefined) return undefined;
    try {
      return await this.host.logs.open(configuration, { name, taskId, executionRoleArn });
    } catch (cause) {
      const fault = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      throw new Error(
        `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${fault} : exit status 1`,
        { cause },
      );
    }
  }

  private async startContainer(record: ContainerRecord, definition: ContainerDefinition): Promise<void> {
    const plan = this.plans.get(record.name);
    if (!plan) throw new Error(`CannotStartContainerError: nothing is known about the container ${record.name}`);
    try {
      const process = await ContainerProcess.start(plan, this.host.processes);
      this.containers.push({ record, definition, process });
      record.lastStatus = 'RUNNING';
    } catch (cause) {
      const fault = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`CannotStartContainerError: failed to create container process: ${fault}`, { cause });
    }
  }

  /** Until an essential container exits or somebody asks for a stop. */
  private async untilStop(): Promise<void> {
    const { signal } = this.stopRequest;
    if (signal.aborted) return;
    const essential = this.containers.filter(({ definition }) => definition.Essential);
    const asked = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([asked, ...essential.map(({ process }) => process.exited)]);
    this.intend('EssentialContainerExited', 'Essential container in task exited');
  }

  private async end(): Promise<void> {
    const { host, record: task } = this;
    await Promise.all(
      this.containers.map(({ process, definition }) => process.stop(definition.StopTimeout, host.hurry)),
    );
    const leaders = this.containers.map(({ process }) => process.pid);
    const marker = host.markerOf(task.taskId);
    const survivors = await host.processes.kill({ marked: (value) => value === marker, leaders });
    if (survivors.length > 0)
      host.aws.log(`ecs: task ${task.taskId} has left processes behind: ${survivors.join(', ')}`);
    for (const { record, process } of this.containers) record.exitCode = await process.exited;
    for (const record of task.containers) record.lastStatus = 'STOPPED';
    this.enter('DEPROVISIONING', 'executionStoppedAt');
    const patience = host.closing.aborted ? LOG_PATIENCE_AT_CLOSE : LOG_PATIENCE;
    await Promise.all([...this.plans.values()].map(({ log }) => log?.close(patience)));
    await removeFolder(this.folder).catch((error) => host.aws.log(`ecs: ${this.folder} cannot be removed: ${error}`));
    this.enter('STOPPED', 'stoppedAt');
    // Whoever listens to events may be closing too: the next boot tells them again.
    task.announced = !host.closing.aborted;
    this.save();
  }

  private pairs<Value>(make: (definition: ContainerDefinition) => Value) {
    return this.definition.properties.ContainerDefinitions.flatMap((definition) => {
      const record = this.record.containers.find(({ name }) => name === definition.Name);
      return record ? [{ record, definition, of: make(definition) }] : [];
    });
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

function pull(resolveImage: TaskHost['resolveImage'], image: string): LocalImage {
  try {
    return resolveImage(image);
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`CannotPullContainerError: failed to resolve ref ${image}: ${fault}`, { cause });
  }
}
