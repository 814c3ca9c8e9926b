import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SFNClient,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { describe, expect, it, vi } from 'vitest';
import { EcsTasks } from '../../lambdas/shared/ecs-tasks.ts';
import { SlotExecutions } from '../../lambdas/shared/slot-executions.ts';
import { stepFunctionsCallback } from '../../lambdas/shared/task-callback.ts';
import { NOW, REVISION, TASK_ARN } from './records.ts';

const STATE_MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:outpost-warm-slot';
const SLOT_ID = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const FAULT = { $metadata: {}, message: 'as AWS says it' };
const region = 'us-east-1';

/** A client whose calls are answered, or refused, by this. */
function answering<Client extends { send: unknown }>(client: Client, answer: (command: object) => object) {
  const send = vi.fn(async (command: object) => {
    const given = answer(command);
    if (given instanceof Error) throw given;
    return given;
  });
  return { client: Object.assign(client, { send }), send };
}
const executions = (answer: object) => {
  const { client, send } = answering(new SFNClient({ region }), () => answer);
  return { executions: new SlotExecutions(client, STATE_MACHINE), send };
};

describe("a slot's execution", () => {
  it('is started under the id of its slot, with what the state machine reads', async () => {
    const { executions: slots, send } = executions({});

    await slots.start({ agentType: 'shell', slotId: SLOT_ID, taskDefinitionArn: REVISION });

    expect(send.mock.calls[0]?.[0]).toMatchObject({
      input: {
        stateMachineArn: STATE_MACHINE,
        name: SLOT_ID,
        input: JSON.stringify({ agentType: 'shell', slotId: SLOT_ID, taskDefinitionArn: REVISION }),
      },
    });
  });

  it('that exists already counts as started, and any other refusal does not', async () => {
    const input = { agentType: 'shell', slotId: SLOT_ID, taskDefinitionArn: REVISION } as const;

    const again = executions(new ExecutionAlreadyExists(FAULT)).executions.start(input);
    const throttled = executions(new Error('throttled')).executions.start(input);

    await expect(again).resolves.toBeUndefined();
    await expect(throttled).rejects.toThrow('throttled');
  });

  it.each([
    [{ status: 'RUNNING' }, { status: 'running' }],
    [{ status: 'PENDING_REDRIVE' }, { status: 'running' }],
    [{ status: 'SUCCEEDED' }, { status: 'closed', endedAs: 'SUCCEEDED', error: 'Execution.SUCCEEDED', cause: '' }],
    [{ status: 'ABORTED' }, { status: 'closed', endedAs: 'ABORTED', error: 'Execution.ABORTED', cause: '' }],
    [
      { status: 'FAILED', error: 'States.Runtime', cause: 'words' },
      { status: 'closed', endedAs: 'FAILED', error: 'States.Runtime', cause: 'words' },
    ],
    [new ExecutionDoesNotExist(FAULT), { status: 'absent' }],
  ])('that Step Functions says %o of is %o', async (answer, described) => {
    const { executions: slots, send } = executions(answer);

    expect(await slots.describe(SLOT_ID)).toEqual(described);
    expect(send.mock.calls[0]?.[0]).toMatchObject({
      input: { executionArn: `arn:aws:states:us-east-1:000000000000:execution:outpost-warm-slot:${SLOT_ID}` },
    });
  });

  it('that cannot be described is an error', async () => {
    await expect(executions(new Error('throttled')).executions.describe(SLOT_ID)).rejects.toThrow('throttled');
  });
});

describe('the ECS tasks of the cluster', () => {
  const arns = Array.from({ length: 150 }, (_, index) => `${TASK_ARN}${index}`);
  const ecs = (answer: (command: object) => object) => {
    const { client, send } = answering(new ECSClient({ region }), answer);
    return { tasks: new EcsTasks(client, 'cluster'), send };
  };

  it('are listed page by page and described a hundred at a time', async () => {
    const { tasks, send } = ecs((command) => {
      if (command instanceof ListTasksCommand) {
        return command.input.nextToken
          ? { taskArns: arns.slice(100) }
          : { taskArns: arns.slice(0, 100), nextToken: 'n' };
      }
      return {
        tasks: command instanceof DescribeTasksCommand ? command.input.tasks?.map((taskArn) => ({ taskArn })) : [],
      };
    });

    const running = await tasks.running();

    expect(running.map(({ taskArn }) => taskArn)).toEqual(arns);
    expect(send.mock.calls.map(([command]) => (command as ListTasksCommand).input)).toMatchObject([
      { cluster: 'cluster', desiredStatus: 'RUNNING' },
      { cluster: 'cluster', desiredStatus: 'RUNNING', nextToken: 'n' },
      { tasks: arns.slice(0, 100) },
      { tasks: arns.slice(100) },
    ]);
  });

  it('tell what RunTask gave them, when, and how they stopped', async () => {
    const createdAt = new Date(NOW);
    const environment = [{ name: 'SLOT_ID', value: SLOT_ID }];
    const task = {
      taskArn: TASK_ARN,
      createdAt,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stoppedAt: createdAt,
      stopCode: 'UserInitiated',
      overrides: { containerOverrides: [{ name: 'sidecar' }, { name: 'worker', environment }] },
      containers: [{ name: 'worker', exitCode: 143 }],
    };

    const [described] = await ecs(() => ({ tasks: [task], failures: [{ reason: 'MISSING' }] })).tasks.describeAll([
      TASK_ARN,
    ]);

    expect(described).toEqual({
      taskArn: TASK_ARN,
      createdAt,
      environment: { SLOT_ID },
      hasStopped: true,
      isStopping: true,
      stop: {
        taskArn: TASK_ARN,
        stopCode: 'UserInitiated',
        stoppedAt: NOW,
        containers: [{ name: 'worker', exitCode: 143 }],
      },
    });
  });

  it('that nobody asks for are asked for nowhere', async () => {
    const { tasks, send } = ecs(() => ({}));

    expect([await tasks.describeAll([]), send.mock.calls]).toEqual([[], []]);
  });
});

describe('a task token', () => {
  const callback = (answer: object) => stepFunctionsCallback(answering(new SFNClient({ region }), () => answer).client);

  it('that nobody waits for any more is no error', async () => {
    const sent = [new TaskTimedOut(FAULT), new InvalidToken(FAULT), {}].map((answer) =>
      callback(answer).succeed('t', {}),
    );

    expect(await Promise.all(sent)).toEqual([false, false, true]);
    await expect(callback(new Error('throttled')).succeed('t', {})).rejects.toThrow('throttled');
  });
});
