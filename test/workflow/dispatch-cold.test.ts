import { describe, expect, it } from 'vitest';
import { STOP_SECONDS } from '../../core/time-limits.ts';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import { FAILED_START, INPUT, run, STOPPED, TASK_ARN } from './dispatch-run.ts';
import { failing, payloadOf } from './scripted-run.ts';

describe('a cold run of the dispatch state machine', () => {
  it('hands the Cause of a stopped task on as text', async () => {
    const { calls } = await run({
      RunColdTask: failing('States.TaskFailed', '{"StopCode":"EssentialContainerExited"}'),
    });

    expect(payloadOf(calls['MapStopReason']?.[0]).report).toEqual({
      error: 'States.TaskFailed',
      cause: '{"StopCode":"EssentialContainerExited"}',
    });
    expect(calls['RunColdTask']).toHaveLength(1);
  });

  it('has the file system of workspaces for a persistent one, and asks for no slot with it', async () => {
    const { calls } = await run({}, { ...INPUT, workspaceMode: 'persistent' });
    const ordinary = await run();

    expect(payloadOf(calls['ClaimWarmSlot']?.[0]).workspaceMode).toBe('persistent');
    expect(calls['RunColdTask']?.[0]).toMatchObject({ TaskDefinition: 'outpost-shell-workspace' });
    expect(ordinary.calls['RunColdTask']?.[0]).toMatchObject({ TaskDefinition: 'outpost-shell' });
  });

  it.each(['AmazonECS.Unknown', 'ECS.AmazonECSException', 'ECS.InvalidParameterException'])(
    'asks ECS again after %s, within bounds',
    async (error) => {
      const { calls, outcome } = await run({ RunColdTask: failing(error) });

      expect(calls['RunColdTask']).toHaveLength(7);
      expect(outcome.status).toBe('SUCCEEDED');
    },
  );

  it.each(['States.Timeout', 'States.HeartbeatTimeout'])(
    'stops the ECS task after %s and waits for it',
    async (error) => {
      const { path, calls } = await run({
        RunColdTask: failing(error),
        AwaitStop: (_call, attempt) => ({
          Tasks: [attempt < 3 ? { TaskArn: TASK_ARN, LastStatus: 'STOPPING' } : STOPPED],
        }),
      });

      expect(path.slice(3, 13)).toEqual([
        'RunColdTask',
        'FindTask',
        'IsTaskKnown',
        'StopTask',
        'AwaitStop',
        'HasStopped',
        'WaitForStop',
        'AwaitStop',
        'HasStopped',
        'WaitForStop',
      ]);
      expect(calls['StopTask']?.[0]).toMatchObject({ Task: TASK_ARN, Reason: 'outpost:timeout' });
      const { report } = payloadOf(calls['MapStopReason']?.[0]);
      expect(report).toMatchObject({ timedOut: true, stop: STOPPED, taskArn: TASK_ARN });
      expect(report).not.toHaveProperty('warm');
    },
  );

  it('waits for a stop three minutes at the most', async () => {
    const { slept, path } = await run({
      RunColdTask: failing('States.Timeout'),
      AwaitStop: { Tasks: [{ TaskArn: TASK_ARN, LastStatus: 'RUNNING' }] },
    });

    const waited = slept.reduce((sum, milliseconds) => sum + milliseconds, 0);
    expect(waited).toBeGreaterThan((STOP_SECONDS - 10) * 1000);
    expect(waited).toBeLessThanOrEqual(STOP_SECONDS * 1000);
    expect(path.at(-1)).toBe('Succeeded');
  });

  it('has nothing to stop where no ECS task passed the fence', async () => {
    const { path, calls } = await run({ RunColdTask: failing('States.Timeout'), FindTask: { Item: {} } });

    expect(path.slice(3, 7)).toEqual(['RunColdTask', 'FindTask', 'IsTaskKnown', 'MapStopReason']);
    expect(calls['StopTask']).toBeUndefined();
  });

  it('stops an ECS task that it knows nothing of, but that runs the attempt', async () => {
    const { path, calls } = await run({
      MapStopReason: (_call, attempt) => ({
        Payload: attempt === 1 ? { ...FAILED_START, runAgain: false, otherTaskArn: TASK_ARN } : FAILED_START,
      }),
      RecordOutcome: { Payload: { status: 'FAILED', reason: 'two' } },
      Admit: (_call, attempt) => {
        if (attempt > 1) throw new StateError('DynamoDB.ConditionalCheckFailedException', 'running');
        return {};
      },
    });

    expect(path.slice(4, 10)).toEqual([
      'MapStopReason',
      'RunAgain',
      'StopTask',
      'AwaitStop',
      'HasStopped',
      'MapStopReason',
    ]);
    expect(calls['StopTask']?.[0]).toMatchObject({
      Task: TASK_ARN,
      Reason: 'outpost:two ECS tasks were started for this attempt',
    });
    expect(payloadOf(calls['MapStopReason']?.[1]).report).toMatchObject({ timedOut: false, taskArn: TASK_ARN });
  });

  it.each(['FindTask', 'StopTask', 'AwaitStop'])('comes to an outcome even where %s fails for good', async (name) => {
    const { path } = await run({ RunColdTask: failing('States.Timeout'), [name]: failing('ECS.ServerException') });

    expect(path.at(-1)).toBe('Succeeded');
  });
});
