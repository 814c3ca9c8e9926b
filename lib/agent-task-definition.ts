import { join } from 'node:path';
import { Aws, Duration, Size, Stack, Tags, Validations } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  AwsLogDriverMode,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Variables } from '../core/agent-variables.ts';
import { AGENTS, type AgentName, SIZES, taskFamily, workspaceTaskFamily } from '../core/agents.ts';
import { secretsFolder, USE_BEDROCK } from '../core/secrets.ts';
import { ECS_STOP_TIMEOUT_SECONDS } from '../core/time-limits.ts';
import type { AgentTaskRoles } from './agent-task-roles.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { WORKSPACES_PATH, type Workspaces } from './workspaces.ts';

/** GiB for the image, the clone, what the agent installs, and what it makes. Fargate's own default is 20. */
const DISK_GIB = 40;

export interface AgentTaskDefinitionProps {
  readonly agent: AgentName;
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly roles: AgentTaskRoles;
  readonly logGroup: ILogGroup;
  /** @default it has no persistent workspaces */
  readonly workspaces?: Workspaces;
}

/** How one agent runs on Fargate: the container `worker` of the family `<prefix>-<agent>`, or `<prefix>-<agent>-workspace`. */
export class AgentTaskDefinition extends Construct {
  /** Of today's revision. */
  readonly arn: string;

  constructor(scope: Construct, id: string, props: AgentTaskDefinitionProps) {
    super(scope, id);
    const { agent, settings, storage, roles, logGroup, workspaces } = props;
    const { cpu, memoryMiB } = SIZES[AGENTS[agent].size];
    const definition = new FargateTaskDefinition(this, 'TaskDefinition', {
      family: workspaces ? workspaceTaskFamily(settings.prefix, agent) : taskFamily(settings.prefix, agent),
      cpu,
      memoryLimitMiB: memoryMiB,
      ephemeralStorageGiB: DISK_GIB,
      runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
      taskRole: workspaces ? roles.workspaceTask : roles.task,
      executionRole: roles.execution,
    });
    const container = definition.addContainer('worker', {
      image: ContainerImage.fromAsset(join(settings.assets, 'worker'), {
        target: agent,
        platform: Platform.LINUX_ARM64,
      }),
      linuxParameters: new LinuxParameters(this, 'Init', { initProcessEnabled: true }),
      stopTimeout: Duration.seconds(ECS_STOP_TIMEOUT_SECONDS),
      // A log that CloudWatch does not take must not hold the agent up: the whole of it goes to S3 as well.
      logging: LogDrivers.awsLogs({
        logGroup,
        streamPrefix: agent,
        mode: AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(25),
      }),
      environment: {
        AGENT: agent,
        DISPATCHES_TABLE: storage.dispatches.tableName,
        POOL_TABLE: storage.pool.tableName,
        CONTEXT_BUCKET: storage.context.bucketName,
        ARTIFACTS_BUCKET: storage.artifacts.bucketName,
        MAX_OUTPUT_GIB: String(settings.maxOutputGiB),
        CHECKPOINT_SECONDS: String(settings.checkpointSeconds),
        SECRETS_FOLDER: secretsFolder(settings.prefix),
        GITHUB_URL: settings.githubUrl,
        ...(workspaces ? { WORKSPACES_DIR: WORKSPACES_PATH, WORKSPACES_TABLE: storage.workspaces.tableName } : {}),
        AGENT_ENV: Stack.of(this).toJsonString(variablesOf(agent, settings)),
      },
    });
    workspaces?.addTo(definition, container);
    this.arn = definition.taskDefinitionArn;
    Tags.of(definition).add('outpost:agent', agent);
    Validations.of(definition).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The variables are names of resources and no secrets.',
    });
  }
}

/** What a deployment gives an agent; what it says itself comes before what a provider needs. */
function variablesOf(agent: AgentName, { agentEnv, claudeProvider }: OutpostSettings): Variables {
  const usesBedrock = agent === 'claude' && claudeProvider === 'bedrock';
  return { ...(usesBedrock ? { [USE_BEDROCK]: '1', AWS_REGION: Aws.REGION } : {}), ...agentEnv[agent] };
}
