import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsRequest, AwsResponse, AwsService, LocalAws } from '../aws-service.ts';
import type { TaskFaults } from '../faults/hooks.ts';
import { jsonOperations } from '../gateway/json-service.ts';
import { Clusters } from './clusters.ts';
import { type LocalImage, MARKER } from './container-process.ts';
import { possibleTaskEvents } from './event-kind.ts';
import type { TaskHost } from './live-task.ts';
import { LogDriver } from './log-driver.ts';
import { METADATA_PREFIX, metadata } from './metadata.ts';
import type { MountFileSystem } from './mounts.ts';
import { ProcessTable } from './process-table.ts';
import { announceStops, recover } from './recovery.ts';
import { StartQueue } from './start-queue.ts';
import { TaskControl } from './task-control.ts';
import { TaskDefinitions } from './task-definitions.ts';
import { TaskQueries } from './task-queries.ts';
import { TaskStore } from './task-store.ts';

export interface EcsOptions {
  /** What stands for an image; throws where there is none, which the task fails with as `CannotPullContainerError`. */
  resolveImage(imageUri: string): LocalImage;
  /** Serves unsigned requests below a path: the task metadata endpoint. */
  openPath(prefix: string, handler: (request: { readonly path: string }) => AwsResponse): void;
  /** Whether a role lets a service principal act as it. @default every role does */
  readonly trusts?: (roleArn: string, principal: string) => boolean;
  /** Mounts EFS file systems. @default there are none */
  readonly mount?: MountFileSystem;
  /** CPU units (1,024 a vCPU) that all tasks may hold at once. @default no bound */
  readonly cpuCapacity?: number;
  /** Tasks between their start and their first sign of life, or 2 s. @default twice the number of cores */
  readonly startsAtOnce?: number;
  /** Milliseconds that tasks have to end by themselves when the service closes. @default 5,000 */
  readonly closeGrace?: number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  readonly faults?: TaskFaults | undefined;
}

export interface EcsService extends AwsService {
  /** Takes a task's Fargate Spot capacity away: SIGTERM, its `stopTimeout`, SIGKILL. Throws where none such runs. */
  interruptSpot(taskArn: string): void;
}

/** The embedded ECS: an ECS task is one child process a container. Ends first what an earlier run has left behind. */
export async function createEcs(aws: LocalAws, options: EcsOptions): Promise<EcsService> {
  const folder = realpathSync(aws.folder('ecs'));
  const closing = new AbortController();
  const hurry = new AbortController();
  const host = createHost(aws, options, folder, closing.signal, hurry.signal);
  const ours = (marker: string) => marker.startsWith(markerPrefix(folder));
  await recover(host, ours);

  const clusters = new Clusters(aws);
  const definitions = new TaskDefinitions(aws);
  const control = new TaskControl(host, clusters, definitions, options);
  const queries = new TaskQueries(host.store, clusters);
  options.openPath(METADATA_PREFIX, ({ path }) => metadata(path, (taskId) => host.store.find(taskId)));

  return {
    signingName: 'ecs',
    resources: {
      'AWS::ECS::Cluster': (resource) => clusters.create(resource),
      'AWS::ECS::ClusterCapacityProviderAssociations': (resource) => clusters.associate(resource),
      'AWS::ECS::TaskDefinition': (resource) => definitions.create(resource),
    },
    handle: operations(aws, { control, queries, definitions }),
    publishes: () => [possibleTaskEvents(clusters.arns)],
    interruptSpot: (taskArn) => control.interruptSpot(taskArn),
    async ready() {
      definitions.retireOthers();
      announceStops(aws, host.store);
    },
    async close() {
      closing.abort();
      const over = control.stopAll();
      await Promise.race([over, delay(options.closeGrace ?? 5_000, undefined, { ref: false })]);
      hurry.abort();
      await over;
      const survivors = await host.processes.kill({ marked: ours, folder: host.workFolder });
      if (survivors.length > 0) aws.log(`ecs: these processes cannot be ended: ${survivors.join(', ')}`);
      host.logs.close();
    },
  };
}

function createHost(
  aws: LocalAws,
  options: EcsOptions,
  folder: string,
  closing: AbortSignal,
  hurry: AbortSignal,
): TaskHost {
  const now = options.now ?? Date.now;
  const workFolder = join(folder, 'work');
  mkdirSync(workFolder, { recursive: true });
  return {
    aws,
    store: new TaskStore(join(folder, 'tasks'), now),
    processes: new ProcessTable(MARKER),
    queue: new StartQueue(options.startsAtOnce ?? 2 * cpus().length),
    logs: new LogDriver(aws),
    workFolder,
    resolveImage: (imageUri) => options.resolveImage(imageUri),
    mount: options.mount ?? noFileSystem,
    markerOf: (taskId) => `${markerPrefix(folder)}${taskId}`,
    now: () => new Date(now()).toISOString(),
    closing,
    faults: options.faults,
    hurry: new Promise((resolve) => hurry.addEventListener('abort', resolve, { once: true })),
  };
}

function noFileSystem(fileSystemId: string): never {
  throw new Error(`There is no file system ${fileSystemId}`);
}

/** Tells this data folder's processes from those of another one; free of what `ps` would cut a value at. */
function markerPrefix(folder: string): string {
  return `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}-`;
}

function operations(
  aws: LocalAws,
  parts: { control: TaskControl; queries: TaskQueries; definitions: TaskDefinitions },
): (request: AwsRequest) => Promise<AwsResponse> {
  const { control, queries, definitions } = parts;
  return jsonOperations(
    {
      RunTask: (input) => runTask(aws, control, input),
      StopTask: (input) => control.stopTask(input),
      DescribeTasks: (input) => queries.describe(input),
      ListTasks: (input) => queries.list(input),
      DescribeTaskDefinition: (input) => definitions.describe(input),
      TagResource: (input) => queries.tag(input),
      ListTagsForResource: (input) => queries.tagsOf(input),
    },
    (fault) => aws.log(`ecs: ${fault instanceof Error ? (fault.stack ?? fault.message) : fault}`),
  );
}

/** Who starts a task retries what is refused, for minutes: the operator hears of it at once. */
function runTask(aws: LocalAws, control: TaskControl, input: { readonly taskDefinition?: unknown }): unknown {
  try {
    return control.runTask(input);
  } catch (error) {
    aws.log(`ecs: RunTask of ${String(input.taskDefinition)} is refused: ${String(error)}`);
    throw error;
  }
}
