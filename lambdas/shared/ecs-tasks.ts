import {
  DescribeTasksCommand,
  type ECSClient,
  InvalidParameterException,
  paginateListTasks,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import type { EcsStop } from '../../core/ecs-stop.ts';
import { OUR_STOP_PREFIX } from '../../core/stop-reason.ts';

/** An ECS task as its cluster knows it; `stop` is complete once it has stopped. */
export interface DescribedTask {
  readonly hasStopped: boolean;
  /** ECS means to stop it: its worker may still be uploading. @default false */
  readonly isStopping?: boolean;
  readonly stop: EcsStop;
}

/** One ECS task among the others of its cluster. */
export interface ClusterTask extends DescribedTask {
  readonly taskArn: string;
  /** When RunTask was called. */
  readonly createdAt: Date | undefined;
  /** What RunTask gave its containers on top of the task definition. */
  readonly environment: Readonly<Record<string, string>>;
}

/** ECS tasks that one DescribeTasks takes. */
const DESCRIBED_AT_ONCE = 100;

/** The ECS tasks of Outpost's cluster. */
export class EcsTasks {
  constructor(
    private readonly client: ECSClient,
    private readonly clusterArn: string,
  ) {}

  /** `undefined` where ECS knows it no more: it forgets a stopped ECS task after an hour. */
  async describe(taskArn: string): Promise<DescribedTask | undefined> {
    const [task] = await this.describeSome([taskArn]);
    return task && described(task, taskArn);
  }

  /** The ones that ECS still knows, in no order. */
  async describeAll(taskArns: readonly string[]): Promise<ClusterTask[]> {
    const parts: string[][] = [];
    for (let from = 0; from < taskArns.length; from += DESCRIBED_AT_ONCE) {
      parts.push(taskArns.slice(from, from + DESCRIBED_AT_ONCE));
    }
    const tasks: Task[] = [];
    for (const part of parts) tasks.push(...(await this.describeSome(part)));
    return tasks.flatMap((task) => (task.taskArn === undefined ? [] : [clusterTask(task, task.taskArn)]));
  }

  /** All that ECS means to run: those that it has begun to stop are not among them. The list lags a moment behind. */
  async running(): Promise<ClusterTask[]> {
    const taskArns: string[] = [];
    const pages = paginateListTasks({ client: this.client }, { cluster: this.clusterArn, desiredStatus: 'RUNNING' });
    for await (const page of pages) taskArns.push(...(page.taskArns ?? []));
    return this.describeAll(taskArns);
  }

  /** Stops an ECS task, saying why in words of ours; one that is stopped or forgotten stays as it is. */
  async stop(taskArn: string, why: string): Promise<void> {
    try {
      await this.client.send(
        new StopTaskCommand({ cluster: this.clusterArn, task: taskArn, reason: `${OUR_STOP_PREFIX}${why}` }),
      );
    } catch (error) {
      if (!isForgotten(error)) throw error;
    }
  }

  private async describeSome(taskArns: string[]): Promise<Task[]> {
    const { tasks = [] } = await this.client.send(
      new DescribeTasksCommand({ cluster: this.clusterArn, tasks: taskArns }),
    );
    return tasks;
  }
}

function clusterTask(task: Task, taskArn: string): ClusterTask {
  const given = (task.overrides?.containerOverrides ?? []).flatMap(({ environment = [] }) => environment);
  return {
    taskArn,
    createdAt: task.createdAt,
    environment: Object.fromEntries(given.flatMap(({ name, value }) => (name && value ? [[name, value]] : []))),
    ...described(task, taskArn),
  };
}

function described(task: Task, taskArn: string): DescribedTask {
  return {
    hasStopped: task.lastStatus === 'STOPPED',
    isStopping: task.desiredStatus === 'STOPPED',
    stop: stopOf(task, taskArn),
  };
}

function stopOf({ stoppedAt, stopCode, stoppedReason, containers = [] }: Task, taskArn: string): EcsStop {
  return {
    taskArn,
    ...(stopCode === undefined ? {} : { stopCode }),
    ...(stoppedReason === undefined ? {} : { stoppedReason }),
    ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt.toISOString() }),
    containers: containers.map(({ name, exitCode, reason }) => ({
      ...(name === undefined ? {} : { name }),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}

/** ECS has no error of its own for it: `InvalidParameterException: The referenced task was not found.` */
function isForgotten(error: unknown): boolean {
  return error instanceof InvalidParameterException && /task was not found/i.test(error.message);
}
