import { describe, expect, it } from 'vitest';
import { StateError } from '../../../local/stepfunctions/engine/state-error.ts';
import { JumpingClock, outputOf, runStates } from './engine-stand.ts';

const INVOKE = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: { FunctionName: 'f' } };
const fail =
  (error: string, cause = 'because') =>
  () => {
    throw new StateError(error, cause);
  };

describe('Retry', () => {
  it('schedules again after TaskFailed, without entering the state again', async () => {
    const states = { T: { ...INVOKE, Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }], End: true } };

    const { trace } = await runStates(states, { tasks: { T: fail('Boom') } });

    expect(trace).toEqual([
      '1 <- 0 ExecutionStarted',
      '2 <- 0 TaskStateEntered',
      '3 <- 2 TaskScheduled',
      '4 <- 3 TaskStarted',
      '5 <- 4 TaskFailed',
      '6 <- 5 TaskScheduled',
      '7 <- 6 TaskStarted',
      '8 <- 7 TaskFailed',
      '9 <- 8 ExecutionFailed',
    ]);
  });

  it.each([
    ['grows by the backoff rate', { IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 3 }, [2000, 6000, 18000]],
    ['stays under the greatest delay', { IntervalSeconds: 2, MaxDelaySeconds: 3, MaxAttempts: 3 }, [2000, 3000, 3000]],
    ['is a random part of it with full jitter', { JitterStrategy: 'FULL', MaxAttempts: 2 }, [500, 1000]],
    ['is 1, 2 and 4 seconds unless said otherwise', {}, [1000, 2000, 4000]],
  ])('waits for a time that %s', async (_, settings, expected) => {
    const clock = new JumpingClock();
    const states = { T: { ...INVOKE, Retry: [{ ErrorEquals: ['Boom'], ...settings }], End: true } };

    await runStates(states, { tasks: { T: fail('Boom') }, clock, random: () => 0.5 });

    expect(clock.slept).toEqual(expected);
  });

  it('counts each retrier by itself, and tells the state how often it was retried', async () => {
    const states = {
      T: {
        ...INVOKE,
        Arguments: { FunctionName: 'f', Payload: '{% $states.context.State.RetryCount %}' },
        Retry: [
          { ErrorEquals: ['One'], MaxAttempts: 1 },
          { ErrorEquals: ['Two'], MaxAttempts: 1 },
        ],
        End: true,
      },
    };
    const counts: unknown[] = [];

    const { outcome } = await runStates(states, {
      tasks: {
        T: (call, attempt) => {
          counts.push((call.arguments.value as { Payload: number }).Payload);
          throw new StateError(attempt === 1 ? 'One' : 'Two', '');
        },
      },
    });

    expect(counts).toEqual([0, 1, 2]);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'Two' });
  });

  it('uses the first retrier that covers the error, also where it allows no attempt', async () => {
    const Retry = [{ ErrorEquals: ['Boom'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }];
    const clock = new JumpingClock();

    await runStates({ T: { ...INVOKE, Retry, End: true } }, { tasks: { T: fail('Boom') }, clock });

    expect(clock.slept).toEqual([]);
  });
});

describe('Catch', () => {
  const caught = (ErrorEquals: string[], others: object = {}) => ({
    T: { ...INVOKE, Catch: [{ ErrorEquals, Next: 'Caught', ...others }], End: true },
    Caught: { Type: 'Pass', End: true },
  });

  it('leaves the state with error and cause as its output', async () => {
    const { trace, outcome } = await runStates(caught(['Boom']), { tasks: { T: fail('Boom', '{"a":1}') } });

    expect(trace.slice(4)).toEqual([
      '5 <- 4 TaskFailed',
      '6 <- 5 TaskStateExited',
      '7 <- 6 PassStateEntered',
      '8 <- 7 PassStateExited',
      '9 <- 8 ExecutionSucceeded',
    ]);
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: '{"Error":"Boom","Cause":"{\\"a\\":1}"}' });
  });

  it('has Assign and Output of its own, which see the error', async () => {
    const states = {
      ...caught(['States.ALL'], {
        Assign: { why: '{% $states.errorOutput.Error %}' },
        Output: '{% $states.input.kept %}',
      }),
      Caught: { Type: 'Pass', Output: ['{% $states.input %}', '{% $why %}'], End: true },
    };

    expect(await outputOf(states, { input: { kept: 7 }, tasks: { T: fail('Boom') } })).toEqual([7, 'Boom']);
  });

  it.each([
    ['States.ALL', 'Boom', true],
    ['States.ALL', 'States.DataLimitExceeded', true],
    ['States.TaskFailed', 'Boom', true],
    ['States.TaskFailed', 'States.Timeout', false],
    ['States.ALL', 'States.Timeout', true],
    ['States.Runtime', 'States.Runtime', false],
    ['States.ALL', 'States.Runtime', false],
    ['Bo', 'Boom', false],
  ])('%s covers %s: %s', async (name, error, covered) => {
    const { outcome } = await runStates(caught([name]), { tasks: { T: fail(error) } });

    expect(outcome.status).toBe(covered ? 'SUCCEEDED' : 'FAILED');
  });

  it('knows a missed heartbeat by both of its names', async () => {
    for (const name of ['States.Timeout', 'States.HeartbeatTimeout']) {
      const script = () => {
        throw StateError.heartbeatTimeout();
      };
      const { trace, outcome } = await runStates(caught([name]), { tasks: { T: script } });

      expect(trace).toContain('5 <- 4 TaskTimedOut');
      expect(outcome).toEqual({ status: 'SUCCEEDED', output: '{"Error":"States.Timeout","Cause":""}' });
    }
  });

  it('takes over from a fault of the state’s own expressions', async () => {
    const states = {
      T: {
        ...INVOKE,
        Arguments: { FunctionName: '{% $nobody %}' },
        Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Caught' }],
        End: true,
      },
      Caught: { Type: 'Pass', Output: '{% $states.input.Error %}', End: true },
    };

    const { trace, outcome } = await runStates(states);

    expect(trace.slice(1, 4)).toEqual(['2 <- 0 TaskStateEntered', '3 <- 0 EvaluationFailed', '4 <- 3 TaskStateExited']);
    expect(outcome).toMatchObject({ output: '"States.QueryEvaluationError"' });
  });

  it('fails where its own Output cannot be evaluated', async () => {
    const { outcome } = await runStates(caught(['Boom'], { Output: '{% $nobody %}' }), { tasks: { T: fail('Boom') } });

    expect(outcome).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining('Catch[0]/Output'),
    });
  });
});
