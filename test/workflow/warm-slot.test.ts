import { describe, expect, it } from 'vitest';
import { SLOT_SECONDS, TOMBSTONE_MS } from '../../core/slot-times.ts';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import type { Json } from '../../local/stepfunctions/json.ts';
import type { TaskScript } from '../local/stepfunctions/engine-stand.ts';
import { failing, runScripted } from './scripted-run.ts';

const INPUT = {
  agentType: 'shell',
  slotId: '01J9ZK5V2M7Q4S6T8W0X2Y4Z6A',
  taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/outpost-shell:3',
};
const TOKEN = 'the token of the dispatch';
const TASK_ARN = 'arn:aws:ecs:us-east-1:000000000000:task/outpost/1';
const TASK = {
  TaskArn: TASK_ARN,
  LastStatus: 'STOPPED',
  StopCode: 'EssentialContainerExited',
  StoppedReason: 'Essential container in task exited',
  Containers: [
    { Name: 'sidecar', ExitCode: 1 },
    { Name: 'worker', ExitCode: 137 },
  ],
};
const UNASSIGNED = { Attributes: { slotId: { S: INPUT.slotId }, state: { S: 'WARM' } } };
const ASSIGNED = { Attributes: { ...UNASSIGNED.Attributes, state: { S: 'RUNNING' }, taskToken: { S: TOKEN } } };

/** Runs the slot's state machine; what a test does not script goes well, for a slot that was assigned. */
function run(scripts: Record<string, TaskScript> = {}) {
  return runScripted('warm-slot', INPUT, { RunSlot: TASK, CloseSlot: ASSIGNED, HandBackStop: {}, ...scripts });
}

interface Close {
  readonly TableName: string;
  readonly ExpressionAttributeValues: Readonly<Record<string, Json>>;
}
type Calls = Readonly<Record<string, Json[]>>;
const closed = (calls: Calls): Close => calls['CloseSlot']?.[0] as unknown as Close;
const stopIn = (calls: Calls): Json | undefined => closed(calls).ExpressionAttributeValues[':stop'];

function handedBack(calls: Calls): unknown {
  const [call] = (calls['HandBackStop'] ?? []) as unknown as [{ Output: string }];
  return JSON.parse(call.Output);
}

describe('the state machine of a warm slot', () => {
  it('starts an ECS task of the revision that the slot is for, which knows its slot', async () => {
    const { calls, limits } = await run();

    expect(calls['RunSlot']?.[0]).toMatchObject({
      TaskDefinition: INPUT.taskDefinitionArn,
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-1', 'subnet-2'] } },
      Overrides: {
        ContainerOverrides: [{ Name: 'worker', Environment: [{ Name: 'SLOT_ID', Value: INPUT.slotId }] }],
      },
    });
    expect(limits['RunSlot']).toMatchObject({ timeoutInSeconds: SLOT_SECONDS });
  });

  it('starts it once: a second ECS task would be a slot that nobody knows', async () => {
    const { calls } = await run({ RunSlot: failing('ECS.AmazonECSException') });

    expect(calls['RunSlot']).toHaveLength(1);
  });

  it('leaves a tombstone with the stop, and hands the stop to the dispatch that it was assigned to', async () => {
    const before = Date.now();
    const { path, calls, outcome } = await run();

    expect(path).toEqual(['RunSlot', 'CloseSlot', 'WasAssigned', 'HandBackStop', 'Closed']);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(closed(calls)).toMatchObject({
      TableName: 'outpost-pool',
      Key: { agentType: { S: 'shell' }, slotId: { S: INPUT.slotId } },
    });
    expect(stopIn(calls)).toEqual({
      M: {
        taskArn: { S: TASK_ARN },
        stopCode: { S: 'EssentialContainerExited' },
        stoppedReason: { S: 'Essential container in task exited' },
        exitCode: { N: '137' },
      },
    });
    const { N: expiresAt } = closed(calls).ExpressionAttributeValues[':expiresAt'] as { N: string };
    expect(Number(expiresAt) * 1000).toBeGreaterThan(before + TOMBSTONE_MS - 1000);
    expect(Number(expiresAt) * 1000).toBeLessThanOrEqual(Date.now() + TOMBSTONE_MS);
    expect(calls['HandBackStop']?.[0]).toMatchObject({ TaskToken: TOKEN });
    expect(handedBack(calls)).toEqual({ stop: TASK });
  });

  it('has nobody to tell where the slot was never assigned', async () => {
    const { path, calls } = await run({ CloseSlot: UNASSIGNED });

    expect(path).toEqual(['RunSlot', 'CloseSlot', 'WasAssigned', 'Closed']);
    expect(calls['HandBackStop']).toBeUndefined();
  });

  it('reads the stop of a worker that did not exit 0 from the Cause', async () => {
    const { calls } = await run({ RunSlot: failing('States.TaskFailed', JSON.stringify(TASK)) });

    expect(stopIn(calls)).toEqual({
      M: {
        taskArn: { S: TASK_ARN },
        stopCode: { S: 'EssentialContainerExited' },
        stoppedReason: { S: 'Essential container in task exited' },
        exitCode: { N: '137' },
        error: { S: 'States.TaskFailed' },
      },
    });
    expect(handedBack(calls)).toEqual({ error: 'States.TaskFailed', cause: JSON.stringify(TASK) });
  });

  it.each([
    ['AmazonECS.Unknown', '{"Failures":[{"Reason":"RESOURCE:MEMORY"}],"Tasks":[]}'],
    ['ECS.InvalidParameterException', 'Rate exceeded (Service: AmazonECS; Status Code: 400)'],
    ['ECS.AmazonECSException', '{not JSON, though it begins like it'],
    ['States.Timeout', ''],
  ])('keeps the words of a start that failed with %s: %s', async (error, cause) => {
    const { path, calls, outcome } = await run({ RunSlot: failing(error, cause), CloseSlot: UNASSIGNED });

    expect(path).toEqual(['RunSlot', 'CloseSlot', 'WasAssigned', 'Closed']);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(stopIn(calls)).toEqual({ M: { error: { S: error }, ...(cause && { cause: { S: cause } }) } });
  });

  it('takes braces around something else for words', async () => {
    const { calls, outcome, slept } = await run({ RunSlot: failing('States.TaskFailed', '{no JSON at all}') });

    expect(outcome.status).toBe('SUCCEEDED');
    expect(slept).toEqual([]);
    expect(stopIn(calls)).toEqual({
      M: { error: { S: 'States.TaskFailed' }, cause: { S: 'Not JSON: {no JSON at all}' } },
    });
    expect(handedBack(calls)).toEqual({ error: 'States.TaskFailed', cause: 'Not JSON: {no JSON at all}' });
  });

  it('cuts long words, so that the tombstone is small', async () => {
    const { calls } = await run({ RunSlot: failing('States.TaskFailed', 'x'.repeat(20_000)) });

    expect(stopIn(calls)).toMatchObject({ M: { cause: { S: 'x'.repeat(1000) } } });
  });

  it('closes again what could not be closed, and hands back one stop', async () => {
    const { calls, path } = await run({
      CloseSlot: (_call, attempt) => {
        if (attempt < 4) throw new StateError('DynamoDB.ProvisionedThroughputExceededException', 'slow down');
        return ASSIGNED;
      },
    });

    expect(calls['CloseSlot']).toHaveLength(4);
    expect(calls['HandBackStop']).toHaveLength(1);
    expect(path.at(-1)).toBe('Closed');
  });

  it('is closed where its item is gone', async () => {
    const { path, calls, outcome } = await run({ CloseSlot: failing('DynamoDB.ConditionalCheckFailedException') });

    expect(path).toEqual(['RunSlot', 'CloseSlot', 'Closed']);
    expect(calls['CloseSlot']).toHaveLength(1);
    expect(outcome.status).toBe('SUCCEEDED');
  });

  it.each(['Sfn.TaskTimedOutException', 'Sfn.TaskDoesNotExistException', 'Sfn.InvalidTokenException'])(
    'takes %s for a dispatch that has heard already',
    async (error) => {
      const { path, calls, outcome } = await run({ HandBackStop: failing(error) });

      expect(path).toEqual(['RunSlot', 'CloseSlot', 'WasAssigned', 'HandBackStop', 'Closed']);
      expect(calls['HandBackStop']).toHaveLength(1);
      expect(outcome.status).toBe('SUCCEEDED');
    },
  );

  it('hands back again what could not be handed back', async () => {
    const { calls, path } = await run({
      HandBackStop: (_call, attempt) => {
        if (attempt < 3) throw new StateError('Sfn.SfnException', 'Service unavailable');
        return {};
      },
    });

    expect(calls['HandBackStop']).toHaveLength(3);
    expect(path.at(-1)).toBe('Closed');
  });

  it.each(['CloseSlot', 'HandBackStop'])('fails in the end where %s fails for good, for all to see', async (name) => {
    const { calls, outcome } = await run({ [name]: failing('Any.ServerException') });

    expect(calls[name]).toHaveLength(7);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'Any.ServerException' });
  });
});
