import type { AwsResponse } from '../aws-service.ts';
import type { ContainerRecord, TaskRecord } from './task-record.ts';

/** Where the metadata endpoint lies on the gateway. */
export const METADATA_PREFIX = '/v4/';

/**
 * Answers the task metadata endpoint, version 4: `/v4/<id>` for a container, `/v4/<id>/task` for its task, where the id
 * is a container's runtime id, or a task's id for its first container.
 */
export function metadata(path: string, find: (taskId: string) => TaskRecord | undefined): AwsResponse {
  const [id = '', what] = path.slice(METADATA_PREFIX.length).split('/');
  const task = find(id.slice(0, 32));
  const container = task?.containers.find(({ runtimeId }) => runtimeId === id) ?? task?.containers[0];
  if (!task || !container || task.lastStatus === 'STOPPED') return answer(404, { message: 'unknown container' });
  if (what === undefined || what === '') return answer(200, containerMetadata(task, container));
  return what === 'task' ? answer(200, taskMetadata(task)) : answer(404, { message: `unknown path ${path}` });
}

function taskMetadata(task: TaskRecord): unknown {
  return {
    Cluster: task.clusterArn,
    TaskARN: task.taskArn,
    Family: task.family,
    Revision: String(task.revision),
    DesiredStatus: task.desiredStatus,
    KnownStatus: task.lastStatus,
    Limits: { CPU: Number(task.cpu) / 1024, Memory: Number(task.memory) },
    PullStartedAt: task.pullStartedAt,
    PullStoppedAt: task.pullStoppedAt,
    AvailabilityZone: task.availabilityZone,
    LaunchType: 'FARGATE',
    Containers: task.containers.map((container) => containerMetadata(task, container)),
  };
}

function containerMetadata(task: TaskRecord, container: ContainerRecord): unknown {
  return {
    DockerId: container.runtimeId,
    Name: container.name,
    DockerName: container.name,
    Image: container.image,
    ImageID: container.imageDigest,
    Labels: {
      'com.amazonaws.ecs.cluster': task.clusterArn,
      'com.amazonaws.ecs.container-name': container.name,
      'com.amazonaws.ecs.task-arn': task.taskArn,
      'com.amazonaws.ecs.task-definition-family': task.family,
      'com.amazonaws.ecs.task-definition-version': String(task.revision),
    },
    DesiredStatus: task.desiredStatus,
    KnownStatus: container.lastStatus,
    Limits: { CPU: Number(container.cpu) },
    CreatedAt: task.createdAt,
    StartedAt: task.startedAt,
    Type: 'NORMAL',
    ContainerARN: container.containerArn,
    Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['127.0.0.1'] }],
  };
}

function answer(status: number, body: unknown): AwsResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
