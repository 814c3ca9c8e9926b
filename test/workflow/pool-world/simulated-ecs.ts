import { randomBytes } from 'node:crypto';
import type { DescribedTask } from '../../../lambdas/shared/ecs-tasks.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** An ECS task with its one container, `worker`. */
export interface SimulatedTask {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** Aborts when the container is told to stop. */
  readonly stop: AbortController;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  isKilled: boolean;
  exitCode?: number;
  stopCode?: string;
  stoppedReason?: string;
  stoppedAt?: number;
}

export type RunContainer = (task: SimulatedTask) => Promise<number>;

/** Milliseconds from RunTask to the container, and from its exit to STOPPED: Fargate takes its time for both. */
const START_MS = 15_000;
const STOP_MS = 20_000;
const ARN = 'arn:aws:ecs:us-east-1:000000000000:task/outpost/';

/** ECS, whose containers are worker code in this process. */
export class SimulatedEcs {
  readonly tasks: SimulatedTask[] = [];
  readonly #containers: Promise<number>[] = [];
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(
    readonly clock: VirtualClock,
    readonly runContainer: RunContainer,
  ) {}

  run(taskDefinitionArn: string, environment: Readonly<Record<string, string>>): SimulatedTask {
    const task: SimulatedTask = {
      taskArn: `${ARN}${randomBytes(16).toString('hex')}`,
      taskDefinitionArn,
      environment,
      createdAt: this.clock.now(),
      stop: new AbortController(),
      lastStatus: 'PENDING',
      isKilled: false,
    };
    this.tasks.push(task);
    void this.#live(task);
    return task;
  }

  /** SIGKILL: no request of the worker's has any effect from now on. */
  kill(task: SimulatedTask): void {
    if (task.lastStatus !== 'RUNNING' || task.isKilled) throw new Error(`${task.taskArn} cannot be killed.`);
    task.isKilled = true;
    // So that its code, which cannot be killed here, comes to its end.
    task.stop.abort();
    this.#exit(task, 137);
  }

  /** Kills every container, and resolves when the code of each has ended. */
  async close(): Promise<void> {
    for (const task of this.tasks) {
      task.isKilled = true;
      task.stop.abort();
    }
    await Promise.allSettled(this.#containers);
  }

  stopTask(taskArn: string, reason: string): void {
    const task = this.find(taskArn);
    if (!task || task.lastStatus === 'STOPPED' || task.stopCode !== undefined) return;
    Object.assign(task, { stopCode: 'UserInitiated', stoppedReason: reason });
    task.stop.abort();
  }

  /** Resolves when it has stopped. */
  async stopped(task: SimulatedTask): Promise<void> {
    if (task.lastStatus === 'STOPPED') return;
    await new Promise<void>((resolve) => {
      this.#waiting.set(task.taskArn, [...(this.#waiting.get(task.taskArn) ?? []), resolve]);
    });
  }

  find(taskArn: string): SimulatedTask | undefined {
    return this.tasks.find((task) => task.taskArn === taskArn);
  }

  describe({ taskArn, lastStatus, stopCode, stoppedReason, stoppedAt, exitCode }: SimulatedTask): DescribedTask {
    const containers = [{ name: 'worker', ...(exitCode === undefined ? {} : { exitCode }) }];
    return {
      hasStopped: lastStatus === 'STOPPED',
      stop: {
        taskArn,
        ...(stopCode === undefined ? {} : { stopCode }),
        ...(stoppedReason === undefined ? {} : { stoppedReason }),
        ...(stoppedAt === undefined ? {} : { stoppedAt: new Date(stoppedAt).toISOString() }),
        containers,
      },
    };
  }

  get living(): readonly SimulatedTask[] {
    return this.tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }

  async #live(task: SimulatedTask): Promise<void> {
    await this.clock.sleep(START_MS, task.stop.signal);
    if (task.stop.signal.aborted) return this.#end(task);
    task.lastStatus = 'RUNNING';
    const container = this.runContainer(task);
    this.#containers.push(container);
    const exitCode = await container;
    if (!task.isKilled) this.#exit(task, exitCode);
  }

  #exit(task: SimulatedTask, exitCode: number): void {
    task.exitCode = exitCode;
    task.stopCode ??= 'EssentialContainerExited';
    task.stoppedReason ??= 'Essential container in task exited';
    void this.clock.sleep(STOP_MS).then(() => this.#end(task));
  }

  #end(task: SimulatedTask): void {
    task.lastStatus = 'STOPPED';
    task.stoppedAt = this.clock.now();
    for (const tell of this.#waiting.get(task.taskArn) ?? []) tell();
  }
}

/** As Step Functions spells it. */
export function inPascalCase(task: SimulatedTask) {
  const { taskArn, lastStatus, stopCode, stoppedReason, stoppedAt, exitCode } = task;
  return {
    TaskArn: taskArn,
    LastStatus: lastStatus,
    ...(stopCode === undefined ? {} : { StopCode: stopCode }),
    ...(stoppedReason === undefined ? {} : { StoppedReason: stoppedReason }),
    ...(stoppedAt === undefined ? {} : { StoppedAt: stoppedAt }),
    Containers: [{ Name: 'worker', ...(exitCode === undefined ? {} : { ExitCode: exitCode }) }],
  };
}
