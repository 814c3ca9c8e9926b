import { z } from 'zod';
import { AwsError } from '../gateway/aws-error.ts';
import type { Clusters } from './clusters.ts';
import { faultsOf } from './definition-schema.ts';
import { LiveTask, type TaskHost } from './live-task.ts';
import { HOST_LOST } from './recovery.ts';
import { assertRunnable, digestOf, newTasks, parseRunTask, type RunTaskInput } from './run-task.ts';
import type { TaskDefinition, TaskDefinitions } from './task-definitions.ts';
import { type TaskRecord, taskAsAnswer } from './task-record.ts';

const ECS_TASKS = 'ecs-tasks.amazonaws.com';
const NO_CAPACITY = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';

const StopTaskInput = z.strictObject({
  cluster: z.string().optional(),
  task: z.string(),
  reason: z.string().max(1_024).optional(),
});

interface Limits {
  readonly trusts?: (roleArn: string, principal: string) => boolean;
  readonly cpuCapacity?: number;
}

/** Starts and stops tasks. */
export class TaskControl {
  private readonly host: TaskHost;
  private readonly clusters: Clusters;
  private readonly definitions: TaskDefinitions;
  private readonly limits: Limits;
  private readonly live = new Map<string, LiveTask>();

  constructor(host: TaskHost, clusters: Clusters, definitions: TaskDefinitions, limits: Limits) {
    this.host = host;
    this.clusters = clusters;
    this.definitions = definitions;
    this.limits = limits;
  }

  /** RunTask: the same `clientToken` with the same request is answered with the tasks that it made. */
  runTask(raw: unknown): unknown {
    if (this.host.closing.aborted) throw new AwsError('ServerException', 'ECS is closing.', { status: 503 });
    const input = parseRunTask(raw);
    const cluster = this.clusters.find(input.cluster);
    const before = this.startedBefore(input);
    if (before) return { tasks: before.map((task) => taskAsAnswer(task, true)), failures: [] };
    const definition = this.definitions.runnable(input.taskDefinition);
    assertRunnable(input, cluster, definition);
    const wanted = newTasks(this.host.aws, input, cluster, definition, this.host.now());
    for (const task of wanted) this.assertRoles(task);
    this.host.store.prune();
    const placed = this.place(wanted);
    const answers = placed.map((task) => taskAsAnswer(task, true));
    for (const task of placed) this.host.store.save(task);
    for (const task of placed) this.begin(task, definition);
    return { tasks: answers, failures: wanted.slice(placed.length).map(() => ({ reason: NO_CAPACITY })) };
  }

  /** StopTask: a task that has stopped already is answered as it is. */
  stopTask(raw: unknown): unknown {
    const parsed = StopTaskInput.safeParse(raw);
    if (!parsed.success) throw new AwsError('InvalidParameterException', faultsOf(parsed.error));
    const { cluster: name, task: idOrArn, reason } = parsed.data;
    const cluster = this.clusters.find(name);
    const task = this.host.store.find(idOrArn);
    if (!task || task.clusterArn !== cluster.arn) {
      throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
    }
    this.live.get(task.taskId)?.stop('UserInitiated', reason || 'Task stopped by user');
    return { task: taskAsAnswer(task, true) };
  }

  interruptSpot(taskArn: string): void {
    const task = this.live.get(taskArn.slice(taskArn.lastIndexOf('/') + 1));
    if (!task) throw new Error(`No task runs as ${taskArn}.`);
    task.stop('SpotInterruption', 'Your Spot Task was interrupted.');
  }

  /** Stops every task as a host does that goes away; resolves when all of them are STOPPED. */
  async stopAll(): Promise<void> {
    const tasks = [...this.live.values()];
    for (const task of tasks) task.stop(HOST_LOST.stopCode, HOST_LOST.stoppedReason);
    await Promise.all(tasks.map(({ over }) => over));
  }

  private startedBefore(input: RunTaskInput): TaskRecord[] | undefined {
    if (input.clientToken === undefined) return undefined;
    const tasks = this.host.store.startedWith(input.clientToken);
    if (tasks.length === 0) return undefined;
    if (tasks.every(({ requestDigest }) => requestDigest === digestOf(input))) return tasks;
    throw new AwsError(
      'ConflictException',
      'The provided clientToken is already in use with a different RunTask request.',
      { fields: { resourceIds: tasks.map(({ taskArn }) => taskArn) } },
    );
  }

  private assertRoles({ taskRoleArn, executionRoleArn }: TaskRecord): void {
    for (const role of [taskRoleArn, executionRoleArn]) {
      if (role === undefined || (this.limits.trusts?.(role, ECS_TASKS) ?? true)) continue;
      throw new AwsError(
        'ClientException',
        `ECS was unable to assume the role '${role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
      );
    }
  }

  /** As many as the capacity holds, in their order. */
  private place(wanted: readonly TaskRecord[]): TaskRecord[] {
    let free = this.limits.cpuCapacity ?? Number.POSITIVE_INFINITY;
    for (const { record } of this.live.values()) free -= Number(record.cpu);
    return wanted.filter((task) => {
      free -= Number(task.cpu);
      return free >= 0 && (this.host.faults?.hasCapacity(task) ?? true);
    });
  }

  private begin(record: TaskRecord, definition: TaskDefinition): void {
    const task = new LiveTask(this.host, record, definition);
    this.live.set(record.taskId, task);
    const leave = () => this.live.delete(record.taskId);
    task.over.then(leave, (error) => {
      leave();
      this.host.aws.log(`ecs: task ${record.taskId}: ${error instanceof Error ? error.stack : error}`);
    });
  }
}
