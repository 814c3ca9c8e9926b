import { describe, expect, it } from 'vitest';
import { MAX_RUNS } from '../../core/time-limits.ts';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import type { Json } from '../../local/stepfunctions/json.ts';
import {
  COLD,
  FAILED_START,
  REF,
  runWarm,
  SLOT_ID,
  STOPPED,
  SUCCESS,
  TASK_ARN,
  TO_THE_END,
  WARM,
} from './dispatch-run.ts';
import { failing, payloadOf } from './scripted-run.ts';

const acknowledgedBy = (timedOut: boolean, why: string): Json => ({
  Payload: { reclaimed: false, taskArn: TASK_ARN, timedOut, why },
});

describe('a warm run that fails', () => {
  it.each([
    ['the slot is not ours any more', 'DynamoDb.ConditionalCheckFailedException'],
    ['DynamoDB throttles the assignment', 'DynamoDb.ProvisionedThroughputExceededException'],
    ['the worker is not heard of', 'States.Timeout'],
    ['the worker is not heard of, by its other name', 'States.HeartbeatTimeout'],
    ['somebody fails the token', 'Anything.Else'],
  ])('reclaims the slot and goes cold, through Admit, where %s', async (_, error) => {
    const { path, calls, slept } = await runWarm({ RunOnWarmSlot: failing(error) });

    expect(path.slice(0, 12)).toEqual([...WARM, 'ReclaimSlot', 'MayRunCold', ...COLD, 'MapStopReason', 'RunAgain']);
    expect(calls['RunOnWarmSlot']).toHaveLength(1);
    expect(payloadOf(calls['ReclaimSlot']?.[0])).toEqual({ ...REF, slotId: SLOT_ID, timeoutSeconds: 60 });
    expect(payloadOf(calls['ClaimWarmSlot']?.[1]).run).toBe(2);
    expect(payloadOf(calls['MapStopReason']?.[0]).report).toEqual({ stop: STOPPED });
    expect(slept).toEqual([]);
  });

  it('counts as a run of the three', async () => {
    const { path } = await runWarm({
      RunOnWarmSlot: failing('States.Timeout'),
      MapStopReason: { Payload: FAILED_START },
    });

    expect(path.filter((name) => name === 'RunColdTask')).toHaveLength(MAX_RUNS - 1);
  });

  it('runs nothing more where Admit is refused: cancelled, or begun after all', async () => {
    const { path } = await runWarm({
      RunOnWarmSlot: failing('States.HeartbeatTimeout'),
      Admit: (_call, attempt) => {
        if (attempt > 1) throw new StateError('DynamoDB.ConditionalCheckFailedException', 'cancelled');
        return {};
      },
      MapStopReason: { Payload: { status: 'CANCELLED', reason: 'Cancelled on request.', runAgain: false } },
    });

    expect(path.slice(4)).toEqual([
      'ReclaimSlot',
      'MayRunCold',
      'Admit',
      'MapStopReason',
      'RunAgain',
      ...TO_THE_END,
      'Failed',
    ]);
  });

  it.each([
    [true, 'timeout'],
    [false, 'lost heartbeat'],
  ])(
    'stops the ECS task that acknowledged, waits for it, and runs nowhere else (timed out: %s)',
    async (timedOut, why) => {
      const { path, calls } = await runWarm({
        RunOnWarmSlot: failing('States.Timeout'),
        ReclaimSlot: acknowledgedBy(timedOut, why),
        AwaitStop: (_call, attempt) => ({
          Tasks: [attempt < 2 ? { TaskArn: TASK_ARN, LastStatus: 'RUNNING' } : STOPPED],
        }),
      });

      expect(path.slice(4)).toEqual([
        'ReclaimSlot',
        'MayRunCold',
        'StopTask',
        'AwaitStop',
        'HasStopped',
        'WaitForStop',
        'AwaitStop',
        'HasStopped',
        'MapStopReason',
        'RunAgain',
        ...TO_THE_END,
        'Succeeded',
      ]);
      expect(calls['StopTask']?.[0]).toMatchObject({ Task: TASK_ARN, Reason: `outpost:${why}` });
      expect(payloadOf(calls['MapStopReason']?.[0]).report).toMatchObject({
        warm: true,
        timedOut,
        taskArn: TASK_ARN,
        stop: STOPPED,
      });
    },
  );

  it('runs again, cold, where the ECS task that acknowledged never passed the fence', async () => {
    const { path } = await runWarm({
      RunOnWarmSlot: failing('States.HeartbeatTimeout'),
      ReclaimSlot: acknowledgedBy(false, 'lost heartbeat'),
      MapStopReason: (_call, attempt) => ({ Payload: attempt === 1 ? FAILED_START : SUCCESS }),
    });

    expect(path.slice(path.indexOf('MapStopReason'), -5)).toEqual([
      'MapStopReason',
      'RunAgain',
      'WaitToRunAgain',
      ...COLD,
      'MapStopReason',
    ]);
  });

  it('leaves it to the fence who runs, where nobody can say whether a worker has acknowledged it', async () => {
    const { path, calls } = await runWarm({
      RunOnWarmSlot: failing('States.Timeout'),
      ReclaimSlot: failing('Lambda.Unknown'),
    });

    expect(calls['ReclaimSlot']).toHaveLength(7);
    expect(path.slice(4, 10)).toEqual(['ReclaimSlot', 'MayRunCold', ...COLD]);
  });

  it('finds and stops the worker that began after all, where it could not be reclaimed', async () => {
    const { path, calls } = await runWarm({
      RunOnWarmSlot: failing('States.Timeout'),
      ReclaimSlot: failing('Lambda.Unknown'),
      Admit: (_call, attempt) => {
        if (attempt > 1) throw new StateError('DynamoDB.ConditionalCheckFailedException', 'running');
        return {};
      },
      MapStopReason: (_call, attempt) => ({
        Payload: attempt === 1 ? { ...FAILED_START, runAgain: false, otherTaskArn: TASK_ARN } : SUCCESS,
      }),
    });

    expect(path.slice(5, 13)).toEqual([
      'MayRunCold',
      'Admit',
      'MapStopReason',
      'RunAgain',
      'StopTask',
      'AwaitStop',
      'HasStopped',
      'MapStopReason',
    ]);
    expect(calls['StopTask']?.[0]).toMatchObject({ Task: TASK_ARN });
  });

  it.each<[string, Json]>([
    ['a text', 'done'],
    ['nothing', null],
    ['a list', [1, 2]],
  ])('reclaims where the token came back with %s', async (_, output) => {
    const { path, outcome } = await runWarm({ RunOnWarmSlot: output });

    expect(path).toContain('ReclaimSlot');
    expect(outcome.status).toBe('SUCCEEDED');
  });
});
