import { createHash } from 'node:crypto';
import type { LocalAws } from '../aws-service.ts';
import type { TaskFaults } from '../faults/hooks.ts';
import { commandOf, environmentOf } from './container-environment.ts';
import { type ContainerPlan, ContainerProcess, type LocalImage } from './container-process.ts';
import type { ContainerDefinition, TaskDefinitionProperties } from './definition-schema.ts';
import type { LogDriver } from './log-driver.ts';
import { type MountFileSystem, withMounts } from './mounts.ts';
import type { ProcessTable } from './process-table.ts';
import type { ContainerRecord, TaskRecord } from './task-record.ts';

/** A container that is ready to start: its image is known and its log stream is open. */
export interface PlannedContainer {
  readonly record: ContainerRecord;
  readonly definition: ContainerDefinition;
  readonly plan: ContainerPlan;
}

export interface RunningContainer {
  readonly record: ContainerRecord;
  readonly definition: ContainerDefinition;
  readonly process: ContainerProcess;
}

/** What it takes to start containers. */
export interface ContainerHost {
  readonly aws: LocalAws;
  readonly processes: ProcessTable;
  readonly logs: LogDriver;
  readonly resolveImage: (imageUri: string) => LocalImage;
  readonly markerOf: (taskId: string) => string;
  readonly mount: MountFileSystem;
  readonly faults?: TaskFaults | undefined;
}

export interface PulledContainer {
  readonly record: ContainerRecord;
  readonly definition: ContainerDefinition;
  readonly image: LocalImage;
}

/** Finds the images of a task's containers. Throws `CannotPullContainerError: …` as ECS puts it into `stoppedReason`. */
export function pullImages(
  host: ContainerHost,
  task: TaskRecord,
  definitions: readonly ContainerDefinition[],
): PulledContainer[] {
  const pulled = definitions.flatMap((definition) => {
    const record = task.containers.find(({ name }) => name === definition.Name);
    return record ? [{ record, definition, image: pull(host, definition.Image) }] : [];
  });
  for (const { record } of pulled) {
    // The local image has no digest: this one stands for it, the same for the same URI.
    record.imageDigest = `sha256:${createHash('sha256').update(record.image).digest('hex')}`;
  }
  return pulled;
}

/** Makes environment and log stream. Rejects with `ResourceInitializationError: …` where the log stream or a mount cannot be. */
export async function planContainer(
  host: ContainerHost,
  task: TaskRecord,
  { record, definition, image }: PulledContainer,
  volumes: Pick<TaskDefinitionProperties, 'Volumes'>,
  folder: string,
): Promise<PlannedContainer> {
  const override = task.overrides.containerOverrides?.find(({ name }) => name === record.name);
  const marker = host.markerOf(task.taskId);
  const own = environmentOf(host.aws, folder, marker, task, record, { image, definition, override });
  const mount = (fileSystemId: string) => host.mount(fileSystemId, task.taskRoleArn ?? '');
  const env = { ...withMounts(own, volumes, definition, mount), ...host.faults?.environment(task) };
  const log = await openLog(host, task, definition);
  const command = commandOf(image, definition, override);
  return { record, definition, plan: { command, directory: image.directory, env, log } };
}

/** Rejects with `CannotStartContainerError: …` where the process cannot be made. */
export async function startContainer(host: ContainerHost, planned: PlannedContainer): Promise<RunningContainer> {
  const { record, definition, plan } = planned;
  try {
    const process = await ContainerProcess.start(plan, host.processes);
    record.lastStatus = 'RUNNING';
    return { record, definition, process };
  } catch (cause) {
    throw new Error(`CannotStartContainerError: failed to create container process: ${faultOf(cause)}`, { cause });
  }
}

function pull(host: ContainerHost, image: string): LocalImage {
  try {
    return host.resolveImage(image);
  } catch (cause) {
    throw new Error(`CannotPullContainerError: failed to resolve ref ${image}: ${faultOf(cause)}`, { cause });
  }
}

async function openLog(host: ContainerHost, task: TaskRecord, definition: ContainerDefinition) {
  const { taskId, executionRoleArn } = task;
  const { Name: name, LogConfiguration: configuration } = definition;
  if (!configuration || executionRoleArn === undefined) return undefined;
  try {
    return await host.logs.open(configuration, { name, taskId, executionRoleArn });
  } catch (cause) {
    const fault = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new Error(
      `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${fault} : exit status 1`,
      { cause },
    );
  }
}

function faultOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
