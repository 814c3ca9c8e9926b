import { z } from 'zod';
import { AwsError } from '../gateway/aws-error.ts';
import type { Clusters } from './clusters.ts';
import { faultsOf } from './definition-schema.ts';
import { type Tag, type TaskRecord, taskAsAnswer } from './task-record.ts';
import type { TaskStore } from './task-store.ts';

const text = z.string();

const DescribeTasksInput = z.strictObject({
  cluster: text.optional(),
  tasks: z.array(text).min(1).max(100),
  include: z.array(z.literal('TAGS')).optional(),
});

const ListTasksInput = z.strictObject({
  cluster: text.optional(),
  family: text.optional(),
  startedBy: text.optional(),
  desiredStatus: z.enum(['RUNNING', 'PENDING', 'STOPPED']).default('RUNNING'),
  launchType: z.enum(['EC2', 'FARGATE', 'EXTERNAL']).optional(),
  maxResults: z.number().int().min(1).max(100).default(100),
  nextToken: text.optional(),
});

const TagResourceInput = z.strictObject({
  resourceArn: text,
  tags: z.array(z.strictObject({ key: text.min(1).max(128), value: text.max(256).default('') })),
});

/** Answers questions about tasks; a member that is not understood is refused by name. */
export class TaskQueries {
  private readonly store: TaskStore;
  private readonly clusters: Clusters;

  constructor(store: TaskStore, clusters: Clusters) {
    this.store = store;
    this.clusters = clusters;
  }

  /** DescribeTasks: what AWS does not know, or stopped over an hour ago, is a failure `MISSING`, not an error. */
  describe(input: unknown): unknown {
    const { cluster: name, tasks: wanted, include } = parse(DescribeTasksInput, input);
    const cluster = this.clusters.find(name);
    const found = wanted.map((wish) => ({ wish, task: this.store.find(wish) }));
    const here = found.filter(({ task }) => task?.clusterArn === cluster.arn);
    const missing = found.filter((entry) => !here.includes(entry));
    return {
      tasks: here.flatMap(({ task }) => (task ? [taskAsAnswer(task, include !== undefined)] : [])),
      failures: missing.map(({ wish }) => ({
        arn: wish.startsWith('arn:') ? wish : `${cluster.arn.replace(':cluster/', ':task/')}/${wish}`,
        reason: 'MISSING',
      })),
    };
  }

  /** ListTasks: ARNs in the order of their start, paged. `desiredStatus` PENDING finds nothing, as in AWS. */
  list(input: unknown): unknown {
    const query = parse(ListTasksInput, input);
    const cluster = this.clusters.find(query.cluster);
    const after = query.nextToken === undefined ? -1 : this.position(query.nextToken);
    const found = this.store.list().filter((task, position) => {
      const matches = task.clusterArn === cluster.arn && task.desiredStatus === query.desiredStatus;
      return position > after && matches && matchesFilters(task, query);
    });
    const page = found.slice(0, query.maxResults);
    const last = page.at(-1);
    const more = last && found.length > page.length;
    return {
      taskArns: page.map(({ taskArn }) => taskArn),
      ...(more ? { nextToken: Buffer.from(last.taskId).toString('base64') } : {}),
    };
  }

  tag(input: unknown): unknown {
    const { resourceArn, tags } = parse(TagResourceInput, input);
    const task = this.taggable(resourceArn);
    const replaced = new Set(tags.map(({ key }) => key));
    task.tags = [...task.tags.filter(({ key }) => !replaced.has(key)), ...tags];
    this.store.save(task);
    return {};
  }

  tagsOf(input: unknown): { tags: readonly Tag[] } {
    const { resourceArn } = parse(z.strictObject({ resourceArn: text }), input);
    return { tags: this.taggable(resourceArn).tags };
  }

  private taggable(arn: string): TaskRecord {
    const task = this.store.find(arn);
    if (task && task.lastStatus !== 'STOPPED') return task;
    throw new AwsError('InvalidParameterException', 'The specified task is stopped or was not found.');
  }

  private position(token: string): number {
    const taskId = Buffer.from(token, 'base64').toString();
    const position = this.store.list().findIndex((task) => task.taskId === taskId);
    if (position < 0) throw new AwsError('InvalidParameterException', 'Invalid token.');
    return position;
  }
}

function matchesFilters(task: TaskRecord, query: z.infer<typeof ListTasksInput>): boolean {
  const { family, startedBy, launchType } = query;
  return (
    (family === undefined || family === task.family) &&
    (startedBy === undefined || startedBy === task.startedBy) &&
    (launchType === undefined || launchType === 'FARGATE')
  );
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AwsError('InvalidParameterException', faultsOf(parsed.error));
}
