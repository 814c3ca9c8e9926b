import { WORKER_EXIT } from '../../../core/exit-codes.ts';
import { type AttemptRef, attemptName } from '../../../core/ids.ts';
import type { DescribedTask } from '../../../lambdas/shared/ecs-tasks.ts';
import type { Actor, Turns } from './turns.ts';

export interface LifeTask {
  readonly taskArn: string;
  readonly ref: AttemptRef;
  status: 'PENDING' | 'RUNNING' | 'STOPPED';
  stopCode?: string;
  stoppedReason?: string;
  stoppedAt?: string;
  exitCode?: number;
  /** StopTask was called, and the worker told. */
  isStopping: boolean;
  worker?: Actor<number>;
}

export interface EcsParts {
  readonly turns: Turns;
  readonly now: () => Date;
  /** What the container does; answers its exit code. Throws `StartFailure` where it cannot be started. */
  readonly runWorker: (task: LifeTask) => Promise<number>;
  /** ECS tells of a change. */
  readonly changed: (task: LifeTask) => void;
}

export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}

/** ECS tasks with workers that take turns. What is killed says nothing more. */
export class LifeEcs {
  readonly tasks: LifeTask[] = [];
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(readonly parts: EcsParts) {}

  run(ref: AttemptRef): LifeTask {
    const number = String(this.tasks.length + 1).padStart(4, '0');
    const taskArn = `arn:aws:ecs:us-east-1:000000000000:task/outpost/${ref.dispatchId}${number}`;
    const task: LifeTask = { taskArn, ref, status: 'PENDING', isStopping: false };
    this.tasks.push(task);
    this.parts.changed(task);
    const died = () => this.#end(task, { stopCode: 'EssentialContainerExited', exitCode: 137 });
    const worker = this.parts.turns.begin(`worker ${number}`, () => this.parts.runWorker(task), { mortal: true, died });
    task.worker = worker;
    worker.done.then(
      (exitCode) => this.#end(task, { stopCode: 'EssentialContainerExited', exitCode }),
      (error) => this.#end(task, { stopCode: 'TaskFailedToStart', stoppedReason: String(error) }),
    );
    return task;
  }

  stop(taskArn: string, reason: string): void {
    const task = this.find(taskArn);
    if (!task || task.status === 'STOPPED' || task.isStopping) return;
    task.isStopping = true;
    task.stopCode = 'UserInitiated';
    task.stoppedReason = reason;
  }

  find(taskArn: string): LifeTask | undefined {
    return this.tasks.find((task) => task.taskArn === taskArn);
  }

  /** Resolves when it has stopped. */
  stopped(task: LifeTask): Promise<void> {
    if (task.status === 'STOPPED') return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(task.taskArn, [...(this.#waiting.get(task.taskArn) ?? []), resolve]);
    });
  }

  describe(taskArn: string): DescribedTask | undefined {
    const task = this.find(taskArn);
    if (!task) return undefined;
    const { status, stopCode, stoppedReason, stoppedAt, exitCode } = task;
    const isOver = status === 'STOPPED';
    return {
      hasStopped: isOver,
      stop: {
        taskArn,
        ...(isOver && stopCode !== undefined ? { stopCode } : {}),
        ...(isOver && stoppedReason !== undefined ? { stoppedReason } : {}),
        ...(stoppedAt === undefined ? {} : { stoppedAt }),
        containers: [{ name: 'worker', ...(exitCode === undefined ? {} : { exitCode }) }],
      },
    };
  }

  #end(task: LifeTask, how: Pick<LifeTask, 'stopCode' | 'stoppedReason' | 'exitCode'>): void {
    if (task.status === 'STOPPED') return;
    task.status = 'STOPPED';
    task.stopCode ??= how.stopCode ?? '';
    task.stoppedReason ??= how.stoppedReason ?? 'Essential container in task exited';
    if (how.exitCode !== undefined) task.exitCode = how.exitCode;
    task.stoppedAt = this.parts.now().toISOString();
    this.parts.changed(task);
    for (const tell of this.#waiting.get(task.taskArn) ?? []) tell();
  }
}

/** As Step Functions spells it. */
export function inPascalCase({ taskArn, status, stopCode, stoppedReason, stoppedAt, exitCode }: LifeTask) {
  const isOver = status === 'STOPPED';
  return {
    TaskArn: taskArn,
    LastStatus: status,
    ...(isOver ? { StopCode: stopCode, StoppedReason: stoppedReason, StoppedAt: Date.parse(stoppedAt ?? '') } : {}),
    Containers: [{ Name: 'worker', ...(exitCode === undefined ? {} : { ExitCode: exitCode }) }],
  };
}

export interface WorkerParts {
  readonly turns: Turns;
  readonly now: () => Date;
  readonly passFence: (task: LifeTask, startedAt: string) => Promise<boolean>;
  /** ECS tells that the container runs. */
  readonly isRunning: (task: LifeTask) => void;
  /** The worker may begin. */
  readonly began: (task: LifeTask) => void;
  readonly upload: (task: LifeTask, end: AgentEnd) => Promise<void>;
}

export interface AgentEnd {
  readonly endedBy: 'agent' | 'timeout' | 'stop';
  readonly exitCode: number;
}

/** The worker as its peers see it: start, fence, agent, upload, exit code. `dice` decides what the agent comes to. */
export async function workLikeWorker(parts: WorkerParts, task: LifeTask): Promise<number> {
  const { turns } = parts;
  const starts = await turns.call('start', async (dice) => dice % 10 !== 0);
  if (!starts) throw new StartFailure('CannotPullContainerError');
  if (task.isStopping) return WORKER_EXIT.stopped;
  task.status = 'RUNNING';
  parts.isRunning(task);
  let isOpen: boolean;
  try {
    isOpen = await parts.passFence(task, parts.now().toISOString());
  } catch {
    return WORKER_EXIT.notOurs;
  }
  if (!isOpen) return WORKER_EXIT.notOurs;
  parts.began(task);
  const end = await turns.call(`agent of ${attemptName(task.ref)}`, async (dice) => agentEnd(task, dice));
  try {
    await parts.upload(task, end);
  } catch {
    return WORKER_EXIT.uploadFailed;
  }
  await turns.pause('exit');
  return { agent: end.exitCode, timeout: WORKER_EXIT.timedOut, stop: WORKER_EXIT.stopped }[end.endedBy];
}

function agentEnd({ isStopping }: LifeTask, dice: number): AgentEnd {
  if (isStopping) return { endedBy: 'stop', exitCode: 143 };
  if (dice % 5 === 1) return { endedBy: 'timeout', exitCode: 143 };
  return { endedBy: 'agent', exitCode: dice % 5 === 2 ? 3 : 0 };
}
