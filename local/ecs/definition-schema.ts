import { z } from 'zod';

/** CloudFormation lets numbers and booleans arrive as text, and text as numbers. */
const text = z.union([z.string(), z.number()]).transform(String);
const integer = z.coerce.number().int();
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')]);

/** Properties that AWS needs and that say nothing about a plain process. */
const withoutLocalMeaning = z.unknown().optional();

const LogConfiguration = z.strictObject({
  LogDriver: z.literal('awslogs'),
  Options: z.strictObject({
    'awslogs-group': z.string(),
    'awslogs-region': z.string(),
    'awslogs-stream-prefix': z.string(),
    'awslogs-create-group': z.union([z.boolean().transform(String), z.enum(['true', 'false'])]).optional(),
    // Lines are delivered in `blocking` mode whatever is asked for: no line is dropped.
    mode: z.enum(['blocking', 'non-blocking']).optional(),
    'max-buffer-size': withoutLocalMeaning,
  }),
});

/** IAM decides who mounts it, which AWS wants TLS for: a volume that anybody may mount is not to be had here. */
const EfsVolumeConfiguration = z.strictObject({
  FilesystemId: z.string(),
  RootDirectory: z.literal('/').optional(),
  TransitEncryption: z.literal('ENABLED'),
  TransitEncryptionPort: withoutLocalMeaning,
  AuthorizationConfig: z.strictObject({ IAM: z.literal('ENABLED') }),
});

export const ContainerDefinition = z.strictObject({
  Name: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/),
  Image: z.string().min(1),
  Essential: flag.default(true),
  EntryPoint: z.array(z.string()).optional(),
  Command: z.array(z.string()).optional(),
  Environment: z.array(z.strictObject({ Name: z.string().min(1), Value: text })).optional(),
  /** Seconds between SIGTERM and SIGKILL. */
  StopTimeout: integer.min(0).max(120).default(30),
  LogConfiguration: LogConfiguration.optional(),
  Cpu: integer.optional(),
  Memory: integer.optional(),
  MemoryReservation: integer.optional(),
  DockerLabels: withoutLocalMeaning,
  Interactive: withoutLocalMeaning,
  LinuxParameters: withoutLocalMeaning,
  MountPoints: z
    .array(
      z.strictObject({
        SourceVolume: z.string(),
        ContainerPath: z.string().startsWith('/'),
        ReadOnly: flag.default(false),
      }),
    )
    .optional(),
  PortMappings: withoutLocalMeaning,
  Privileged: withoutLocalMeaning,
  ReadonlyRootFilesystem: withoutLocalMeaning,
  Ulimits: withoutLocalMeaning,
  User: withoutLocalMeaning,
  VersionConsistency: withoutLocalMeaning,
});
export type ContainerDefinition = z.infer<typeof ContainerDefinition>;

/** The properties of `AWS::ECS::TaskDefinition`. */
export const TaskDefinitionProperties = z.strictObject({
  Family: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,255}$/)
    .optional(),
  ContainerDefinitions: z.array(ContainerDefinition).min(1).max(10),
  Cpu: text,
  Memory: text,
  TaskRoleArn: z.string().optional(),
  ExecutionRoleArn: z.string().optional(),
  NetworkMode: z.literal('awsvpc'),
  RequiresCompatibilities: z.array(z.literal('FARGATE')).min(1),
  RuntimePlatform: z
    .strictObject({
      CpuArchitecture: z.enum(['X86_64', 'ARM64']).optional(),
      OperatingSystemFamily: z.literal('LINUX').optional(),
    })
    .optional(),
  EphemeralStorage: z.strictObject({ SizeInGiB: integer.min(21).max(200) }).optional(),
  // A volume of the task's own is a folder of its process; of those that outlive it, EFS is to be had here.
  Volumes: z
    .array(
      z.strictObject({
        Name: z.string(),
        Host: withoutLocalMeaning,
        EFSVolumeConfiguration: EfsVolumeConfiguration.optional(),
      }),
    )
    .optional(),
  EnableFaultInjection: withoutLocalMeaning,
  PidMode: withoutLocalMeaning,
  Tags: z.array(z.strictObject({ Key: z.string(), Value: text })).optional(),
});
export type TaskDefinitionProperties = z.infer<typeof TaskDefinitionProperties>;

const StrategyItem = z.strictObject({
  CapacityProvider: z.enum(['FARGATE', 'FARGATE_SPOT']),
  Base: integer.min(0).max(100_000).default(0),
  Weight: integer.min(0).max(1_000).default(0),
});
export type StrategyItem = z.infer<typeof StrategyItem>;
const Strategy = z.array(StrategyItem);

/** The properties of `AWS::ECS::Cluster`. */
export const ClusterProperties = z.strictObject({
  ClusterName: z.string().optional(),
  CapacityProviders: z.array(z.enum(['FARGATE', 'FARGATE_SPOT'])).default([]),
  DefaultCapacityProviderStrategy: Strategy.default([]),
  ClusterSettings: withoutLocalMeaning,
  Configuration: withoutLocalMeaning,
  Tags: withoutLocalMeaning,
});

/** The properties of `AWS::ECS::ClusterCapacityProviderAssociations`. */
export const AssociationProperties = z.strictObject({
  Cluster: z.string(),
  CapacityProviders: z.array(z.enum(['FARGATE', 'FARGATE_SPOT'])),
  DefaultCapacityProviderStrategy: Strategy,
});

/** One sentence for each fault of a request, which begins with the path of the member. */
export function faultsOf(error: z.ZodError): string {
  return error.issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `${[...issue.path, key].join('.')}: the embedded ECS does not understand this.`)
        : [`${issue.path.join('.')}: ${issue.message}.`],
    )
    .join(' ');
}
