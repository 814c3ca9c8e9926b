import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import { Stand, task } from './stand.ts';

const CLUSTER = 'arn:aws:ecs:us-east-1:000000000000:cluster/c';
const TASK_ARN = `arn:aws:ecs:us-east-1:000000000000:task/c/1`;

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.remove());

describe('ecs:runTask.sync', () => {
  const RUN = task('arn:aws:states:::ecs:runTask.sync', { Cluster: CLUSTER, TaskDefinition: 'family' });
  const stopped = (exitCode: number | undefined, others: object = {}) => ({
    source: 'aws.ecs',
    'detail-type': 'ECS Task State Change',
    detail: {
      taskArn: TASK_ARN,
      clusterArn: CLUSTER,
      lastStatus: 'STOPPED',
      createdAt: '2026-01-02T03:04:05.678Z',
      containers: [{ name: 'worker', ...(exitCode !== undefined && { exitCode }), lastStatus: 'STOPPED' }],
      stopCode: 'EssentialContainerExited',
      ...others,
    },
  });
  const submitted = async (executionArn: string) => {
    await stand.until(async () => (await stand.history(executionArn)).some(({ type }) => type === 'TaskSubmitted'));
  };
  beforeEach(() => {
    stand.answer('ecs', 'RunTask', () => ({
      failures: [],
      tasks: [{ taskArn: TASK_ARN, clusterArn: CLUSTER, lastStatus: 'PROVISIONING' }],
    }));
  });

  it('waits for the ECS task to stop and answers it in PascalCase, empty lists filled in', async () => {
    const executionArn = await stand.startExecution(await stand.create(RUN));
    await submitted(executionArn);

    stand.publish(stopped(0));

    const { output = '' } = await stand.ended(executionArn);
    expect(stand.calls[0]?.input).toMatchObject({ cluster: CLUSTER, startedBy: 'AWS Step Functions' });
    expect(JSON.parse(output)).toMatchObject({
      TaskArn: TASK_ARN,
      CreatedAt: Date.parse('2026-01-02T03:04:05.678Z'),
      Attachments: [],
      Containers: [{ Name: 'worker', ExitCode: 0, GpuIds: [], NetworkInterfaces: [] }],
      StopCode: 'EssentialContainerExited',
    });
  });

  it.each([
    ['an exit code other than 0', 3, {}],
    ['no exit code at all', undefined, { stopCode: 'TaskFailedToStart' }],
  ])('fails on %s, the ECS task as its cause', async (_, exitCode, others) => {
    const executionArn = await stand.startExecution(await stand.create(RUN));
    await submitted(executionArn);

    stand.publish(stopped(exitCode, others));

    const { error, cause = '' } = await stand.ended(executionArn);
    expect(error).toBe('States.TaskFailed');
    expect(JSON.parse(cause)).toMatchObject({ TaskArn: TASK_ARN, LastStatus: 'STOPPED' });
  });

  it('hears an ECS task that stops before RunTask is answered', async () => {
    stand.answer('ecs', 'RunTask', () => {
      stand.publish(stopped(0));
      return { failures: [], tasks: [{ taskArn: TASK_ARN, clusterArn: CLUSTER }] };
    });

    expect(await stand.run(await stand.create(RUN))).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('stops the ECS task when the execution is stopped', async () => {
    stand.answer('ecs', 'StopTask', () => ({}));
    const executionArn = await stand.startExecution(await stand.create(RUN));
    await submitted(executionArn);

    await stand.client.send(new StopExecutionCommand({ executionArn }));

    await stand.until(() => stand.calls.some(({ operation }) => operation === 'StopTask'));
    expect(stand.calls.at(-1)?.input).toMatchObject({ cluster: CLUSTER, task: TASK_ARN });
  });

  it('stops an ECS task that begins after the execution was stopped', async () => {
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    stand.answer('ecs', 'StopTask', () => ({}));
    stand.answer('ecs', 'RunTask', async () => {
      await begun;
      return { failures: [], tasks: [{ taskArn: TASK_ARN, clusterArn: CLUSTER }] };
    });
    const executionArn = await stand.startExecution(await stand.create(RUN));
    await stand.until(() => stand.calls.length > 0);

    await stand.client.send(new StopExecutionCommand({ executionArn }));
    begin();
    await stand.until(() => stand.calls.some(({ operation }) => operation === 'StopTask'));
    stand.publish(stopped(137));

    expect((await stand.history(executionArn)).at(-1)?.type).toBe('ExecutionAborted');
  });

  it('leaves the ECS task alone when the state times out', async () => {
    const machine = await stand.create(
      task('arn:aws:states:::ecs:runTask.sync', RUN.States.T.Arguments, { TimeoutSeconds: 1 }),
    );

    const ended = await stand.run(machine);
    // What is called for the first comes before this.
    await stand.startExecution(machine);
    await stand.until(() => stand.calls.length > 1);

    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(stand.calls.map(({ operation }) => operation)).toEqual(['RunTask', 'RunTask']);
  });

  it('fails with AmazonECS.Unknown where ECS started nothing', async () => {
    stand.answer('ecs', 'RunTask', () => ({ failures: [{ reason: 'RESOURCE:MEMORY' }], tasks: [] }));

    const { error, cause = '' } = await stand.run(await stand.create(RUN));

    expect(error).toBe('AmazonECS.Unknown');
    expect(JSON.parse(cause)).toMatchObject({ Failures: [{ Reason: 'RESOURCE:MEMORY' }] });
  });

  it('keeps apart what the model of ECS names and what it does not', async () => {
    const throttled = new AwsError('ThrottlingException', 'Rate exceeded');
    const invalid = new AwsError('InvalidParameterException', 'Rate exceeded');
    const machine = await stand.create(RUN);
    const errors: (string | undefined)[] = [];

    for (const refusal of [invalid, throttled]) {
      stand.answer('ecs', 'RunTask', () => {
        throw refusal;
      });
      errors.push((await stand.run(machine)).error);
    }

    expect(errors).toEqual(['ECS.InvalidParameterException', 'ECS.AmazonECSException']);
  });
});
