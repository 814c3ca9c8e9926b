import type { Permission } from '../policy-document.ts';
import { record, text, texts } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** A task definition as RunTask resolves it. */
export interface TaskDefinitionRoles {
  /** With its revision. */
  readonly arn: string;
  /** The task role and the execution role, as far as there are any. */
  readonly roles: readonly string[];
}

type FindTaskDefinition = (name: string) => Promise<TaskDefinitionRoles | undefined>;

/** @param find looks a task definition up by ARN, `family:revision` or family */
export async function ecsPermissions(request: JsonRequest, find: FindTaskDefinition): Promise<Permission[]> {
  const { operation, input, arn } = request;
  const action = `ecs:${operation}`;
  const cluster = clusterName(input.cluster);
  const context = { 'ecs:cluster': [arn('ecs', `cluster/${cluster}`)] };
  const task = (idOrArn: string) => (idOrArn.startsWith('arn:') ? idOrArn : arn('ecs', `task/${cluster}/${idOrArn}`));
  switch (operation) {
    case 'RunTask':
      return runTask(request, cluster, await find(text(input.taskDefinition)));
    case 'StopTask':
      return [{ action, resource: task(text(input.task)), context }];
    case 'DescribeTasks':
      return texts(input.tasks).map((it) => ({ action, resource: task(it), context }));
    case 'ListTasks':
      return [{ action, resource: '*', context }];
    case 'TagResource':
    case 'UntagResource':
    case 'ListTagsForResource':
      return [{ action, resource: text(input.resourceArn) }];
    case 'DescribeClusters':
      return texts(input.clusters).map((it) => ({ action, resource: arn('ecs', `cluster/${clusterName(it)}`) }));
    default:
      return [{ action, resource: '*', context }];
  }
}

/**
 * A family without a revision stands for its latest one, whose ARN is what policies are asked about. Whoever runs an ECS
 * task passes its roles, and tags what they tag.
 */
function runTask(
  { input, arn }: JsonRequest,
  cluster: string,
  definition: TaskDefinitionRoles | undefined,
): Permission[] {
  const context = { 'ecs:cluster': [arn('ecs', `cluster/${cluster}`)] };
  const asked = text(input.taskDefinition);
  const resource = definition?.arn ?? (asked.startsWith('arn:') ? asked : arn('ecs', `task-definition/${asked}`));
  const overrides = record(input.overrides);
  const overridden = [overrides.taskRoleArn, overrides.executionRoleArn].map(text).filter((role) => role !== '');
  const passed = [...new Set([...(definition?.roles ?? []), ...overridden])].map((role) => ({
    action: 'iam:PassRole',
    resource: role,
    context: { 'iam:PassedToService': ['ecs-tasks.amazonaws.com'] },
  }));
  const tags = Array.isArray(input.tags) && input.tags.length > 0;
  const tagging = {
    action: 'ecs:TagResource',
    resource: arn('ecs', `task/${cluster}/*`),
    context: { ...context, 'ecs:CreateAction': ['RunTask'] },
  };
  return [{ action: 'ecs:RunTask', resource, context }, ...passed, ...(tags ? [tagging] : [])];
}

function clusterName(cluster: unknown): string {
  const name = text(cluster) || 'default';
  return name.slice(name.lastIndexOf('/') + 1);
}
