import type { AwsEvent } from '../aws-service.ts';

export type TaskStatus = 'PROVISIONING' | 'PENDING' | 'RUNNING' | 'DEPROVISIONING' | 'STOPPED';
export type StopCode =
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'TaskFailedToStart'
  | 'SpotInterruption'
  | 'TerminationNotice';

/** The members of a task that carry a time: ISO 8601 here and in events, seconds since the epoch in the API. */
export const TIMES = [
  'createdAt',
  'connectivityAt',
  'pullStartedAt',
  'pullStoppedAt',
  'startedAt',
  'stoppingAt',
  'executionStoppedAt',
  'stoppedAt',
] as const;
export type TaskTime = (typeof TIMES)[number];

export interface Tag {
  readonly key: string;
  readonly value?: string | undefined;
}

export interface ContainerRecord {
  readonly containerArn: string;
  readonly name: string;
  readonly image: string;
  readonly cpu: string;
  readonly runtimeId: string;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  imageDigest?: string;
  exitCode?: number;
}

/** What one container of a task was started with beside its definition, as RunTask had it. */
export interface ContainerOverride {
  readonly name?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly environment?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/** Everything known about an ECS task; its file is what survives us. */
export interface TaskRecord extends Partial<Record<TaskTime, string>> {
  readonly taskId: string;
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly revision: number;
  readonly createdAt: string;
  readonly attachmentId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly capacityProviderName?: string | undefined;
  readonly platformVersion: string;
  readonly cpu: string;
  readonly memory: string;
  readonly storageInGiB: number;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly enableExecuteCommand: boolean;
  readonly overrides: Readonly<Record<string, unknown>> & {
    readonly containerOverrides?: readonly ContainerOverride[] | undefined;
  };
  readonly taskRoleArn?: string | undefined;
  readonly executionRoleArn?: string | undefined;
  /** The idempotency token of the RunTask that made it, and a digest of that request. */
  readonly clientToken?: string | undefined;
  readonly requestDigest?: string | undefined;
  readonly containers: ContainerRecord[];
  tags: readonly Tag[];
  version: number;
  lastStatus: TaskStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  updatedAt: string;
  stopCode?: StopCode;
  stoppedReason?: string;
  /** Whether the event of its stop was published. */
  announced?: boolean;
}

/** The task as DescribeTasks, RunTask and StopTask answer it. */
export function taskAsAnswer(task: TaskRecord, withTags: boolean): Record<string, unknown> {
  const times = TIMES.flatMap((name) => {
    const time = task[name];
    return time === undefined ? [] : [[name, Date.parse(time) / 1000]];
  });
  return {
    ...commonMembers(task),
    ...Object.fromEntries(times),
    attachments: [attachment(task, 'ElasticNetworkInterface')],
    platformFamily: 'Linux',
    inferenceAccelerators: [],
    tags: withTags ? task.tags : [],
  };
}

/** The `ECS Task State Change` event of the task's present state. */
export function taskAsEvent(task: TaskRecord): AwsEvent {
  const times = TIMES.flatMap((name) => (task[name] === undefined ? [] : [[name, task[name]]]));
  return {
    source: 'aws.ecs',
    'detail-type': 'ECS Task State Change',
    resources: [task.taskArn],
    time: task.updatedAt,
    detail: {
      ...commonMembers(task),
      ...Object.fromEntries(times),
      // AWS calls the same attachment `eni` in events and `ElasticNetworkInterface` in the API.
      attachments: [attachment(task, 'eni')],
      updatedAt: task.updatedAt,
    },
  };
}

/** When a status was entered with nothing in between: what a stopped network interface, or none yet, looks like. */
const ATTACHMENT_STATUS: Record<TaskStatus, string> = {
  PROVISIONING: 'PRECREATED',
  PENDING: 'ATTACHED',
  RUNNING: 'ATTACHED',
  DEPROVISIONING: 'DELETED',
  STOPPED: 'DELETED',
};

function attachment(task: TaskRecord, type: string) {
  const subnet = [{ name: 'subnetId', value: task.subnetId }];
  const attached = [
    { name: 'networkInterfaceId', value: `eni-${task.taskId.slice(0, 17)}` },
    { name: 'macAddress', value: '02:00:00:00:00:00' },
    { name: 'privateDnsName', value: 'ip-127-0-0-1.ec2.internal' },
    { name: 'privateIPv4Address', value: '127.0.0.1' },
  ];
  const details = task.connectivityAt === undefined ? subnet : [...subnet, ...attached];
  return { id: task.attachmentId, type, status: ATTACHMENT_STATUS[task.lastStatus], details };
}

function commonMembers(task: TaskRecord): Record<string, unknown> {
  return {
    attributes: [{ name: 'ecs.cpu-architecture', value: task.architecture }],
    availabilityZone: task.availabilityZone,
    ...(task.capacityProviderName ? { capacityProviderName: task.capacityProviderName } : {}),
    clusterArn: task.clusterArn,
    ...(task.connectivityAt ? { connectivity: 'CONNECTED' } : {}),
    containers: task.containers.map((container) => containerMembers(task, container)),
    cpu: task.cpu,
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.enableExecuteCommand,
    ephemeralStorage: { sizeInGiB: task.storageInGiB },
    group: task.group,
    lastStatus: task.lastStatus,
    launchType: 'FARGATE',
    memory: task.memory,
    overrides: overrideMembers(task),
    platformVersion: task.platformVersion,
    ...(task.startedBy === undefined ? {} : { startedBy: task.startedBy }),
    ...(task.stopCode ? { stopCode: task.stopCode, stoppedReason: task.stoppedReason } : {}),
    taskArn: task.taskArn,
    taskDefinitionArn: task.taskDefinitionArn,
    version: task.version,
  };
}

function containerMembers(task: TaskRecord, container: ContainerRecord): Record<string, unknown> {
  const { runtimeId, ...members } = container;
  const interfaces = [{ attachmentId: task.attachmentId, privateIpv4Address: '127.0.0.1' }];
  return {
    ...members,
    taskArn: task.taskArn,
    networkBindings: [],
    networkInterfaces: task.connectivityAt ? interfaces : [],
    ...(container.lastStatus === 'PENDING' ? {} : { runtimeId }),
  };
}

/** AWS names every container among the overrides, also those that have none. */
function overrideMembers(task: TaskRecord): Record<string, unknown> {
  const given = task.overrides.containerOverrides ?? [];
  const containerOverrides = task.containers.map(
    ({ name }) => given.find((override) => override.name === name) ?? { name },
  );
  return { ...task.overrides, containerOverrides, inferenceAcceleratorOverrides: [] };
}
