import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAws, ResourceValues, TemplateResource } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { TaskDefinitionProperties } from './definition-schema.ts';
import { assertMounts } from './mounts.ts';

export interface TaskDefinition {
  readonly family: string;
  readonly revision: number;
  readonly arn: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly properties: TaskDefinitionProperties;
  /** ISO 8601. */
  readonly registeredAt: string;
  /** SHA-256 of the properties: the same content keeps its revision. */
  readonly digest: string;
}

/** The task definitions of the template, one file a family with all of its revisions. */
export class TaskDefinitions {
  private readonly folder: string;
  private readonly aws: LocalAws;
  private readonly families = new Map<string, TaskDefinition[]>();
  private readonly created = new Set<string>();

  constructor(aws: LocalAws) {
    this.aws = aws;
    this.folder = join(aws.folder('ecs'), 'definitions');
    mkdirSync(this.folder, { recursive: true });
    for (const name of readdirSync(this.folder).filter((file) => file.endsWith('.json'))) {
      this.families.set(name.slice(0, -5), JSON.parse(readFileSync(join(this.folder, name), 'utf8')));
    }
  }

  /** Creates `AWS::ECS::TaskDefinition`: other content than last time is the next revision, and retires the one before. */
  create(resource: TemplateResource): ResourceValues {
    const properties = parseProperties(TaskDefinitionProperties, resource);
    assertFargateRules(properties);
    assertMounts(properties);
    const family = properties.Family ?? generatedName(resource);
    if (this.created.has(family)) throw new Error(`Family: '${family}' is the family of another task definition.`);
    this.created.add(family);
    const definition = this.register(family, properties);
    return { ref: definition.arn, attributes: { TaskDefinitionArn: definition.arn } };
  }

  /** Deregisters the families of earlier boots that the template no longer holds. */
  retireOthers(): void {
    for (const [family, revisions] of this.families) {
      if (this.created.has(family) || revisions.every(({ status }) => status === 'INACTIVE')) continue;
      this.save(family, retired(revisions));
    }
  }

  /** @param name a family, `family:revision`, or an ARN */
  find(name: string): TaskDefinition | undefined {
    const short = name.startsWith('arn:') ? name.slice(name.lastIndexOf('/') + 1) : name;
    const [family = '', revision] = short.split(':');
    const revisions = this.families.get(family) ?? [];
    return revision === undefined
      ? revisions.findLast(({ status }) => status === 'ACTIVE')
      : revisions.find((definition) => String(definition.revision) === revision);
  }

  /** A definition that a task can be started from. */
  runnable(name: string): TaskDefinition {
    const definition = this.find(name);
    if (!definition) throw new AwsError('ClientException', 'TaskDefinition not found.');
    if (definition.status === 'INACTIVE') throw new AwsError('ClientException', 'TaskDefinition is inactive');
    return definition;
  }

  describe(input: { taskDefinition?: string; include?: string[] }): unknown {
    const definition = this.find(input.taskDefinition ?? '');
    if (!definition) throw new AwsError('ClientException', 'Unable to describe task definition.');
    const { Family: _, Tags: tags, ...properties } = definition.properties;
    return {
      taskDefinition: {
        ...(asApiShape(properties) as object),
        taskDefinitionArn: definition.arn,
        family: definition.family,
        revision: definition.revision,
        status: definition.status,
        compatibilities: ['EC2', 'FARGATE'],
        registeredAt: Date.parse(definition.registeredAt) / 1000,
      },
      tags: input.include?.includes('TAGS') ? (asApiShape(tags ?? []) as unknown) : [],
    };
  }

  private register(family: string, properties: TaskDefinitionProperties): TaskDefinition {
    const revisions = this.families.get(family) ?? [];
    const digest = createHash('sha256').update(JSON.stringify(properties)).digest('hex');
    const last = revisions.at(-1);
    if (last?.digest === digest && last.status === 'ACTIVE') return last;
    const revision = (last?.revision ?? 0) + 1;
    const { region, accountId } = this.aws;
    const arn = `arn:aws:ecs:${region}:${accountId}:task-definition/${family}:${revision}`;
    const registeredAt = new Date().toISOString();
    const definition = { family, revision, arn, status: 'ACTIVE', properties, registeredAt, digest } as const;
    this.save(family, [...retired(revisions), definition]);
    return definition;
  }

  private save(family: string, revisions: TaskDefinition[]): void {
    this.families.set(family, revisions);
    const path = join(this.folder, `${family}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(revisions));
    renameSync(`${path}.new`, path);
  }
}

function retired(revisions: readonly TaskDefinition[]): TaskDefinition[] {
  return revisions.map((definition) => ({ ...definition, status: 'INACTIVE' }));
}

function assertFargateRules({ ContainerDefinitions: containers, ExecutionRoleArn }: TaskDefinitionProperties): void {
  const names = containers.map(({ Name }) => Name);
  if (new Set(names).size < names.length) throw new Error('ContainerDefinitions: Container names must be unique.');
  if (!containers.some(({ Essential }) => Essential)) {
    throw new Error('ContainerDefinitions: A task definition must have at least one essential container.');
  }
  if (!ExecutionRoleArn && containers.some(({ LogConfiguration }) => LogConfiguration)) {
    throw new Error('ExecutionRoleArn: Fargate requires an execution role to support the log driver awslogs.');
  }
}

/** Where the two spell a name in different ways. */
const API_NAMES: Readonly<Record<string, string>> = {
  EFSVolumeConfiguration: 'efsVolumeConfiguration',
  FilesystemId: 'fileSystemId',
  IAM: 'iam',
};

/** CloudFormation's `PascalCase` as the API's `camelCase`; the names of log options are the same in both. */
function asApiShape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asApiShape);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => {
    const name = API_NAMES[key] ?? key.charAt(0).toLowerCase() + key.slice(1);
    return [name, key === 'DockerLabels' ? member : asApiShape(member)];
  });
  return Object.fromEntries(entries);
}
