import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { LocalAws } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { type Cluster, spread } from './clusters.ts';
import { faultsOf } from './definition-schema.ts';
import type { TaskDefinition } from './task-definitions.ts';
import type { ContainerRecord, TaskRecord } from './task-record.ts';

const text = z.string();
const Tags = z.array(z.strictObject({ key: text.min(1).max(128), value: text.max(256).default('') })).max(50);

const Overrides = z.strictObject({
  containerOverrides: z
    .array(
      z.strictObject({
        name: text.optional(),
        command: z.array(text).optional(),
        environment: z.array(z.strictObject({ name: text, value: text })).optional(),
        cpu: z.number().int().optional(),
        memory: z.number().int().optional(),
        memoryReservation: z.number().int().optional(),
      }),
    )
    .optional(),
  cpu: text.optional(),
  memory: text.optional(),
  taskRoleArn: text.optional(),
  executionRoleArn: text.optional(),
  ephemeralStorage: z.strictObject({ sizeInGiB: z.number().int().min(20).max(200) }).optional(),
});

const Strategy = z.array(
  z.strictObject({
    capacityProvider: text,
    base: z.number().int().min(0).default(0),
    weight: z.number().int().min(0).default(0),
  }),
);

const RunTaskInput = z.strictObject({
  cluster: text.optional(),
  taskDefinition: text,
  count: z.number().int().min(1).max(10).default(1),
  launchType: z.enum(['EC2', 'FARGATE', 'EXTERNAL']).optional(),
  capacityProviderStrategy: Strategy.optional(),
  platformVersion: z.enum(['LATEST', '1.4.0']).optional(),
  networkConfiguration: z
    .strictObject({
      awsvpcConfiguration: z.strictObject({
        subnets: z.array(text).min(1).max(16),
        securityGroups: z.array(text).max(5).optional(),
        assignPublicIp: z.enum(['ENABLED', 'DISABLED']).optional(),
      }),
    })
    .optional(),
  overrides: Overrides.default({}),
  group: text.optional(),
  startedBy: text.max(128).optional(),
  clientToken: text.min(1).max(64).optional(),
  tags: Tags.default([]),
  propagateTags: z.enum(['TASK_DEFINITION', 'NONE']).optional(),
  enableECSManagedTags: z.boolean().optional(),
  enableExecuteCommand: z.boolean().default(false),
  referenceId: text.optional(),
});
export type RunTaskInput = z.infer<typeof RunTaskInput>;

/** Parses what RunTask was sent; a member that the embedded ECS does not understand is refused by name. */
export function parseRunTask(input: unknown): RunTaskInput {
  const parsed = RunTaskInput.safeParse(input);
  if (!parsed.success) throw new AwsError('InvalidParameterException', faultsOf(parsed.error));
  assertOverridesFit(parsed.data);
  return parsed.data;
}

/** The same token with the same digest is the same request. */
export function digestOf(input: RunTaskInput): string {
  return createHash('sha256').update(JSON.stringify(input)).digest('hex');
}

/** Checks a request against what it refers to; throws what AWS answers. */
export function assertRunnable(input: RunTaskInput, cluster: Cluster, definition: TaskDefinition): void {
  const names = definition.properties.ContainerDefinitions.map(({ Name }) => Name);
  for (const { name } of input.overrides.containerOverrides ?? []) {
    if (name !== undefined && names.includes(name)) continue;
    invalid(`Override for container named ${name ?? 'null'} is not a container in the TaskDefinition.`);
  }
  if (!input.networkConfiguration) {
    invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (input.launchType && input.capacityProviderStrategy?.length) {
    invalid('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
  }
  for (const { capacityProvider } of input.capacityProviderStrategy ?? []) {
    if (cluster.providers.includes(capacityProvider)) continue;
    invalid(
      `The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster: ${capacityProvider}.`,
    );
  }
  // Without launch type and strategy AWS takes EC2, and a cluster like ours has no instances.
  const strategy = strategyOf(input, cluster);
  if (input.launchType !== 'FARGATE' && strategy.length === 0) {
    invalid('No Container Instances were found in your cluster.');
  }
}

/** The records of the tasks that a request asks for, none of them begun or stored. */
export function newTasks(
  aws: LocalAws,
  input: RunTaskInput,
  cluster: Cluster,
  definition: TaskDefinition,
  now: string,
): TaskRecord[] {
  const strategy = input.launchType ? [] : strategyOf(input, cluster);
  const providers = strategy.length === 0 ? [] : spread(strategy, input.count);
  return Array.from({ length: input.count }, (_, index) =>
    newTask(aws, input, cluster, definition, now, providers[index]),
  );
}

function newTask(
  aws: LocalAws,
  input: RunTaskInput,
  cluster: Cluster,
  definition: TaskDefinition,
  now: string,
  provider: string | undefined,
): TaskRecord {
  const taskId = randomBytes(16).toString('hex');
  const { properties } = definition;
  const { overrides } = input;
  const ownTags = input.propagateTags === 'TASK_DEFINITION' ? (properties.Tags ?? []) : [];
  return {
    taskId,
    taskArn: `arn:aws:ecs:${aws.region}:${aws.accountId}:task/${cluster.name}/${taskId}`,
    clusterArn: cluster.arn,
    taskDefinitionArn: definition.arn,
    family: definition.family,
    revision: definition.revision,
    createdAt: now,
    updatedAt: now,
    attachmentId: randomUUID(),
    subnetId: input.networkConfiguration?.awsvpcConfiguration.subnets[0] ?? '',
    availabilityZone: `${aws.region}a`,
    architecture: properties.RuntimePlatform?.CpuArchitecture === 'ARM64' ? 'arm64' : 'x86_64',
    capacityProviderName: provider,
    platformVersion: '1.4.0',
    cpu: overrides.cpu ?? properties.Cpu,
    memory: overrides.memory ?? properties.Memory,
    storageInGiB: overrides.ephemeralStorage?.sizeInGiB ?? properties.EphemeralStorage?.SizeInGiB ?? 20,
    group: input.group ?? `family:${definition.family}`,
    startedBy: input.startedBy,
    enableExecuteCommand: input.enableExecuteCommand,
    overrides,
    taskRoleArn: overrides.taskRoleArn ?? properties.TaskRoleArn,
    executionRoleArn: overrides.executionRoleArn ?? properties.ExecutionRoleArn,
    clientToken: input.clientToken,
    requestDigest: input.clientToken === undefined ? undefined : digestOf(input),
    containers: containersOf(aws, cluster, definition, taskId),
    tags: [...ownTags.map(({ Key, Value }) => ({ key: Key, value: Value })), ...input.tags],
    version: 1,
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
  };
}

function containersOf(aws: LocalAws, cluster: Cluster, definition: TaskDefinition, taskId: string): ContainerRecord[] {
  return definition.properties.ContainerDefinitions.map(({ Name, Image, Cpu }, index) => ({
    containerArn: `arn:aws:ecs:${aws.region}:${aws.accountId}:container/${cluster.name}/${taskId}/${randomUUID()}`,
    name: Name,
    image: Image,
    cpu: String(Cpu ?? 0),
    runtimeId: `${taskId}-${String(index).padStart(10, '0')}`,
    lastStatus: 'PENDING',
  }));
}

function strategyOf(input: RunTaskInput, cluster: Cluster): Cluster['defaultStrategy'] {
  if (!input.capacityProviderStrategy) return cluster.defaultStrategy;
  return input.capacityProviderStrategy.map(({ capacityProvider, base, weight }) => ({
    CapacityProvider: capacityProvider as 'FARGATE' | 'FARGATE_SPOT',
    Base: base,
    Weight: weight,
  }));
}

/** AWS counts the characters of the overrides as JSON, its punctuation included. */
function assertOverridesFit({ overrides }: RunTaskInput): void {
  if (JSON.stringify(overrides).length > 8_192) invalid('Container Overrides length must be at most 8192');
}

function invalid(message: string): never {
  throw new AwsError('InvalidParameterException', message);
}
