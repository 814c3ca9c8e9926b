import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_RUNS, RUN_MARGIN_SECONDS, STOP_SECONDS } from '../../core/time-limits.ts';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import type { Json } from '../../local/stepfunctions/json.ts';
import { JumpingClock, runStates, type TaskScript } from '../local/stepfunctions/engine-stand.ts';

const INPUT = {
  dispatchId: '01J9ZK6W3N8R5T7V9X1Y3Z5A7B',
  attempt: 1,
  tenantId: 'local',
  agent: 'shell',
  timeoutSeconds: 60,
};
const TASK_ARN = 'arn:aws:ecs:us-east-1:000000000000:task/outpost/1';
const STOPPED = { TaskArn: TASK_ARN, LastStatus: 'STOPPED', Containers: [{ Name: 'worker', ExitCode: 0 }] };
const SUCCESS = { status: 'SUCCESS', exitCode: 0, runAgain: false };
const FAILED_START = { status: 'FAILED', reason: 'no capacity', runAgain: true };

function states(): object {
  const values: Record<string, string> = {
    Partition: 'aws',
    RunMarginSeconds: String(RUN_MARGIN_SECONDS),
    StopSeconds: String(STOP_SECONDS),
    MaxRuns: String(MAX_RUNS),
    TaskFamilyPrefix: 'outpost',
    SubnetIds: 'subnet-1,subnet-2',
  };
  const text = readFileSync(new URL('../../state-machines/dispatch.asl.json', import.meta.url), 'utf8');
  return JSON.parse(text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? name)).States;
}

interface Run {
  /** The states in the order in which they were entered. */
  readonly path: string[];
  /** What each Task was called with, by its state's name, in order. */
  readonly calls: Readonly<Record<string, Json[]>>;
  // biome-ignore lint/suspicious/noExplicitAny: outcomes differ, and tests look at the member they mean.
  readonly outcome: any;
  readonly slept: readonly number[];
}

/** Runs the dispatch state machine; what a test does not script goes well. */
async function run(scripts: Record<string, TaskScript> = {}): Promise<Run> {
  const calls: Record<string, Json[]> = {};
  const clock = new JumpingClock();
  const all: Record<string, TaskScript> = {
    Admit: {},
    RunColdTask: STOPPED,
    FindTask: { Item: { taskArn: { S: TASK_ARN } } },
    StopTask: {},
    AwaitStop: { Tasks: [STOPPED], Failures: [] },
    MapStopReason: { Payload: SUCCESS },
    CollectOutput: (call) => ({ Payload: payloadOf(call.arguments.value).outcome ?? {} }),
    RecordOutcome: (call) => ({ Payload: { reason: '', ...payloadOf(call.arguments.value).outcome } }),
    ...scripts,
  };
  const recorded = Object.fromEntries(
    Object.entries(all).map(([name, script]): [string, TaskScript] => [
      name,
      (call, attempt) => {
        calls[name] = [...(calls[name] ?? []), call.arguments.value];
        return typeof script === 'function' ? script(call, attempt) : script;
      },
    ]),
  );
  const { events, outcome } = await runStates(states(), { input: INPUT, tasks: recorded, clock });
  const path = events.flatMap((event) => {
    const details = event['stateEnteredEventDetails'] as { name: string } | undefined;
    return details ? [details.name] : [];
  });
  return { path, calls, outcome, slept: clock.slept };
}

// biome-ignore lint/suspicious/noExplicitAny: the payload is what the state machine makes of it.
function payloadOf(argument: Json): any {
  return (argument as { Payload: unknown }).Payload;
}

function failing(error: string, cause = 'because'): TaskScript {
  return () => {
    throw new StateError(error, cause);
  };
}

const TO_THE_END = ['CollectOutput', 'RecordOutcome', 'Ended'];

describe('the dispatch state machine', () => {
  it('goes straight through where everything goes well', async () => {
    const { path, calls, outcome } = await run();

    expect(path).toEqual(['Admit', 'RunColdTask', 'MapStopReason', 'RunAgain', ...TO_THE_END, 'Succeeded']);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(calls['RunColdTask']?.[0]).toMatchObject({
      TaskDefinition: 'outpost-shell',
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-1', 'subnet-2'] } },
      Overrides: {
        ContainerOverrides: [{ Name: 'worker', Environment: [{ Value: INPUT.dispatchId }, { Value: '1' }] }],
      },
    });
    expect(payloadOf(calls['MapStopReason']?.[0] ?? {}).report).toEqual({ stop: STOPPED });
  });

  it('starts nothing where the attempt may not be admitted, and asks for the outcome', async () => {
    const { path, calls } = await run({
      Admit: failing('DynamoDB.ConditionalCheckFailedException'),
      MapStopReason: { Payload: { status: 'CANCELLED', reason: 'Cancelled on request.', runAgain: false } },
    });

    expect(path).toEqual(['Admit', 'MapStopReason', 'RunAgain', ...TO_THE_END, 'Failed']);
    expect(calls['Admit']).toHaveLength(1);
  });

  it('hands the Cause of a stopped task on as text', async () => {
    const { calls } = await run({
      RunColdTask: failing('States.TaskFailed', '{"StopCode":"EssentialContainerExited"}'),
    });

    expect(payloadOf(calls['MapStopReason']?.[0] ?? {}).report).toEqual({
      error: 'States.TaskFailed',
      cause: '{"StopCode":"EssentialContainerExited"}',
    });
    expect(calls['RunColdTask']).toHaveLength(1);
  });

  it.each(['AmazonECS.Unknown', 'ECS.AmazonECSException', 'ECS.InvalidParameterException'])(
    'asks ECS again after %s, within bounds',
    async (error) => {
      const { calls, outcome } = await run({ RunColdTask: failing(error) });

      expect(calls['RunColdTask']).toHaveLength(7);
      expect(outcome.status).toBe('SUCCEEDED');
    },
  );

  it('runs again, through Admit, where the agent never began', async () => {
    const { path } = await run({
      MapStopReason: (_call, attempt) => ({ Payload: attempt === 1 ? FAILED_START : SUCCESS }),
    });

    expect(path.slice(0, 7)).toEqual([
      'Admit',
      'RunColdTask',
      'MapStopReason',
      'RunAgain',
      'WaitToRunAgain',
      'Admit',
      'RunColdTask',
    ]);
    expect(path.at(-1)).toBe('Succeeded');
  });

  it('runs three times at the most', async () => {
    const { path, slept, outcome } = await run({ MapStopReason: { Payload: FAILED_START } });

    expect(path.filter((name) => name === 'RunColdTask')).toHaveLength(MAX_RUNS);
    expect(slept).toEqual([5_000, 10_000]);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'Dispatch.Failed', cause: 'no capacity' });
  });

  it('counts its runs when a later Admit is refused', async () => {
    const { path } = await run({
      Admit: (_call, attempt) => {
        if (attempt > 1) throw new StateError('DynamoDB.ConditionalCheckFailedException', 'gone');
        return {};
      },
      MapStopReason: { Payload: FAILED_START },
    });

    expect(path.filter((name) => name === 'Admit')).toHaveLength(MAX_RUNS);
  });

  it.each(['States.Timeout', 'States.HeartbeatTimeout'])(
    'stops the ECS task after %s and waits for it',
    async (error) => {
      const { path, calls } = await run({
        RunColdTask: failing(error),
        AwaitStop: (_call, attempt) => ({
          Tasks: [attempt < 3 ? { TaskArn: TASK_ARN, LastStatus: 'STOPPING' } : STOPPED],
        }),
      });

      expect(path.slice(1, 11)).toEqual([
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
      expect(payloadOf(calls['MapStopReason']?.[0] ?? {}).report).toMatchObject({ timedOut: true, stop: STOPPED });
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

    expect(path.slice(1, 5)).toEqual(['RunColdTask', 'FindTask', 'IsTaskKnown', 'MapStopReason']);
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

    expect(path.slice(2, 8)).toEqual([
      'MapStopReason',
      'RunAgain',
      'StopTask',
      'AwaitStop',
      'HasStopped',
      'MapStopReason',
    ]);
    expect(calls['StopTask']?.[0]).toMatchObject({ Task: TASK_ARN, Reason: expect.stringMatching(/^outpost:two/) });
    expect(payloadOf(calls['MapStopReason']?.[1] ?? {}).report).toMatchObject({ timedOut: false, taskArn: TASK_ARN });
  });

  it.each(['FindTask', 'StopTask', 'AwaitStop'])('comes to an outcome even where %s fails for good', async (name) => {
    const { path } = await run({ RunColdTask: failing('States.Timeout'), [name]: failing('ECS.ServerException') });

    expect(path.at(-1)).toBe('Succeeded');
  });

  it.each([
    ['FAILED', 'Dispatch.Failed'],
    ['TIMEOUT', 'Dispatch.Timeout'],
    ['CANCELLED', 'Dispatch.Cancelled'],
  ])('fails as %s in the words %s', async (status, error) => {
    const { outcome } = await run({ RecordOutcome: { Payload: { status, reason: 'why' } } });

    expect(outcome).toMatchObject({ status: 'FAILED', error, cause: 'why' });
  });

  it.each(['MapStopReason', 'CollectOutput', 'RecordOutcome'])(
    'fails as an execution, for settle to take over, where %s fails for good',
    async (name) => {
      const { outcome, calls } = await run({ [name]: failing('Lambda.Unknown', 'broken') });

      expect(calls[name]).toHaveLength(7);
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'Lambda.Unknown' });
    },
  );
});
