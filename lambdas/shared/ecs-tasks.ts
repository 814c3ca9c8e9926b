import { DescribeTasksCommand, type ECSClient, InvalidParameterException, StopTaskCommand } from '@aws-sdk/client-ecs';
import type { EcsStop } from '../../core/ecs-stop.ts';
import { OUR_STOP_PREFIX } from '../../core/stop-reason.ts';

/** An ECS task as its cluster knows it; `stop` is complete once it has stopped. */
export interface DescribedTask {
  readonly hasStopped: boolean;
  readonly stop: EcsStop;
}

/** The ECS tasks of Outpost's cluster. */
export class EcsTasks {
  constructor(
    private readonly client: ECSClient,
    private readonly clusterArn: string,
  ) {}

  /** `undefined` where ECS knows it no more: it forgets a stopped ECS task after an hour. */
  async describe(taskArn: string): Promise<DescribedTask | undefined> {
    const { tasks = [] } = await this.client.send(
      new DescribeTasksCommand({ cluster: this.clusterArn, tasks: [taskArn] }),
    );
    const [task] = tasks;
    if (!task) return undefined;
    const { lastStatus, stoppedAt, stopCode, stoppedReason, containers = [] } = task;
    return {
      hasStopped: lastStatus === 'STOPPED',
      stop: {
        taskArn,
        ...(stopCode === undefined ? {} : { stopCode }),
        ...(stoppedReason === undefined ? {} : { stoppedReason }),
        ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt.toISOString() }),
        containers: containers.map(({ name, exitCode, reason }) => ({
          ...(name === undefined ? {} : { name }),
          ...(exitCode === undefined ? {} : { exitCode }),
          ...(reason === undefined ? {} : { reason }),
        })),
      },
    };
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
}

/** ECS has no error of its own for it: `InvalidParameterException: The referenced task was not found.` */
function isForgotten(error: unknown): boolean {
  return error instanceof InvalidParameterException && /task was not found/i.test(error.message);
}
