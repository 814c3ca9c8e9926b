import { describe, expect, it } from 'vitest';
import { MAX_RUNS } from '../../core/time-limits.ts';
import { StateError } from '../../local/stepfunctions/engine/state-error.ts';
import { COLD, FAILED_START, INPUT, run, STOPPED, SUCCESS, TO_THE_END } from './dispatch-run.ts';
import { failing, payloadOf } from './scripted-run.ts';

describe('the dispatch state machine', () => {
  it('goes straight through where everything goes well', async () => {
    const { path, calls, outcome } = await run();

    expect(path).toEqual([...COLD, 'MapStopReason', 'RunAgain', ...TO_THE_END, 'Succeeded']);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(calls['RunColdTask']?.[0]).toMatchObject({
      TaskDefinition: 'outpost-shell',
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-1', 'subnet-2'] } },
      Overrides: {
        ContainerOverrides: [{ Name: 'worker', Environment: [{ Value: INPUT.dispatchId }, { Value: '1' }] }],
      },
    });
    expect(payloadOf(calls['MapStopReason']?.[0]).report).toEqual({ stop: STOPPED });
  });

  it('starts nothing where the attempt may not be admitted, and asks for the outcome', async () => {
    const { path, calls } = await run({
      Admit: failing('DynamoDB.ConditionalCheckFailedException'),
      MapStopReason: { Payload: { status: 'CANCELLED', reason: 'Cancelled on request.', runAgain: false } },
    });

    expect(path).toEqual(['Admit', 'MapStopReason', 'RunAgain', ...TO_THE_END, 'Failed']);
    expect(calls['Admit']).toHaveLength(1);
  });

  it('runs again, through Admit, where the agent never began', async () => {
    const { path } = await run({
      MapStopReason: (_call, attempt) => ({ Payload: attempt === 1 ? FAILED_START : SUCCESS }),
    });

    expect(path.slice(COLD.length, -5)).toEqual([
      'MapStopReason',
      'RunAgain',
      'WaitToRunAgain',
      ...COLD,
      'MapStopReason',
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
