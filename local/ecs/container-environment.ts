import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAws } from '../aws-service.ts';
import { type LocalImage, MARKER } from './container-process.ts';
import type { ContainerDefinition } from './definition-schema.ts';
import type { ContainerOverride, ContainerRecord, TaskRecord } from './task-record.ts';

/** What a process needs of its parent where Node itself is installed in an unusual place. */
const INHERITED = ['PATH', 'LD_LIBRARY_PATH'] as const;

/** The command line of a container: entry point of the image or definition, command of the override or definition. */
export function commandOf(
  image: LocalImage,
  definition: ContainerDefinition,
  override: ContainerOverride | undefined,
): readonly string[] {
  const entryPoint = definition.EntryPoint ?? image.command;
  return [...entryPoint, ...(override?.command ?? definition.Command ?? [])];
}

/**
 * The whole environment of a container, made from nothing; makes the folders that it names. A plain process has no file
 * system of its own, so home, temporary files and workspace lie in the task's folder, which goes with the task.
 *
 * @param folder the task's own
 * @param marker value of the marker variable
 */
export function environmentOf(
  aws: LocalAws,
  folder: string,
  marker: string,
  task: TaskRecord,
  container: ContainerRecord,
  parts: { image: LocalImage; definition: ContainerDefinition; override: ContainerOverride | undefined },
): Record<string, string> {
  const places = { HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp') };
  const workspace = join(folder, 'workspace');
  for (const place of [...Object.values(places), workspace]) mkdirSync(place, { recursive: true });
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(inherited),
    ...places,
    ...parts.image.env,
    ...Object.fromEntries((parts.definition.Environment ?? []).map(({ Name, Value }) => [Name, Value])),
    ...Object.fromEntries((parts.override?.environment ?? []).map(({ name, value }) => [name, value])),
    ...awsVariables(aws, task, container),
    WORKSPACE_DIR: workspace,
    [MARKER]: marker,
  };
}

/** What ECS puts into a container, and the endpoint that keeps its SDK on this machine. */
function awsVariables(aws: LocalAws, task: TaskRecord, container: ContainerRecord): Record<string, string> {
  const variables = {
    AWS_ENDPOINT_URL: aws.endpoint(),
    AWS_REGION: aws.region,
    AWS_DEFAULT_REGION: aws.region,
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    ECS_CONTAINER_METADATA_URI_V4: `${aws.endpoint()}/v4/${container.runtimeId}`,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  if (task.taskRoleArn === undefined) return variables;
  const { accessKeyId, secretAccessKey } = aws.credentials(task.taskRoleArn, task.taskId);
  return { ...variables, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}
