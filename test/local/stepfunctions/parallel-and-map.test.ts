import { describe, expect, it } from 'vitest';
import { StateError } from '../../../local/stepfunctions/engine/state-error.ts';
import { outputOf, runStates } from './engine-stand.ts';

const INVOKE = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: 'f' },
  End: true,
};
const PASS = { Type: 'Pass', End: true };
const graph = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });
const boom = () => {
  throw new StateError('Boom', 'because');
};
const never = () => new Promise<never>(() => {});

function map(state: object, others: object = {}) {
  return { M: { Type: 'Map', ItemProcessor: graph('I', state), End: true, ...others } };
}

describe('Parallel', () => {
  it('gives every branch the input and answers their outputs in order', async () => {
    const Branches = [graph('A', { ...PASS, Output: '{% $states.input & "a" %}' }), graph('B', PASS)];

    expect(await outputOf({ P: { Type: 'Parallel', Branches, End: true } }, { input: 'x' })).toEqual(['xa', 'x']);
  });

  it('records its success and its exit as following the last branch', async () => {
    const { trace } = await runStates({
      P: { Type: 'Parallel', Branches: [graph('A', PASS), graph('B', PASS)], End: true },
    });

    expect(trace.slice(1)).toEqual([
      '2 <- 0 ParallelStateEntered',
      '3 <- 2 ParallelStateStarted',
      '4 <- 3 PassStateEntered',
      '5 <- 4 PassStateExited',
      '6 <- 3 PassStateEntered',
      '7 <- 6 PassStateExited',
      '8 <- 7 ParallelStateSucceeded',
      '9 <- 7 ParallelStateExited',
      '10 <- 9 ExecutionSucceeded',
    ]);
  });

  it('fails with its first branch that fails and cuts the others off', async () => {
    const Branches = [graph('A', INVOKE), graph('B', INVOKE)];

    const { trace, outcome } = await runStates(
      { P: { Type: 'Parallel', Branches, End: true } },
      { tasks: { A: boom, B: never } },
    );

    expect(trace.slice(3)).toEqual([
      '4 <- 3 TaskStateEntered',
      '5 <- 4 TaskScheduled',
      '6 <- 3 TaskStateEntered',
      '7 <- 6 TaskScheduled',
      '8 <- 5 TaskStarted',
      '9 <- 7 TaskStarted',
      '10 <- 8 TaskFailed',
      '11 <- 10 TaskStateAborted',
      '12 <- 10 TaskStateAborted',
      '13 <- 10 ParallelStateFailed',
      '14 <- 13 ExecutionFailed',
    ]);
    expect(outcome).toMatchObject({ error: 'Boom', cause: 'because' });
  });

  it('tells the Tasks of the other branches that nobody waits for them', async () => {
    let aborted: unknown;
    const B = ({ signal }: { signal: AbortSignal }) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
      });
      return never();
    };
    const Branches = [graph('A', INVOKE), graph('B', INVOKE)];

    await runStates({ P: { Type: 'Parallel', Branches, End: true } }, { tasks: { A: boom, B } });

    expect(aborted).toMatchObject({ name: 'LaneAborted' });
  });

  it('begins all branches again when it is retried', async () => {
    const Branches = [graph('F', { Type: 'Fail', Error: 'Boom' })];
    const Retry = [{ ErrorEquals: ['Boom'], MaxAttempts: 1 }];

    const { trace } = await runStates({ P: { Type: 'Parallel', Branches, Retry, End: true } });

    expect(trace.slice(2)).toEqual([
      '3 <- 2 ParallelStateStarted',
      '4 <- 3 FailStateEntered',
      '5 <- 4 ParallelStateStarted',
      '6 <- 5 FailStateEntered',
      '7 <- 6 ParallelStateFailed',
      '8 <- 7 ExecutionFailed',
    ]);
  });

  it('lets branches read outer variables and keeps what they assign to themselves', async () => {
    const branch = { ...PASS, Assign: { mine: '{% $outer + 1 %}' } };
    const states = {
      Start: { Type: 'Pass', Assign: { outer: 1 }, Next: 'P' },
      P: { Type: 'Parallel', Branches: [graph('A', branch)], Next: 'After' },
      After: { Type: 'Pass', Output: '{% $exists($mine) %}', End: true },
    };

    const { events, outcome } = await runStates(states);

    expect(
      events.find(({ stateExitedEventDetails: details }) => (details as { name?: string })?.name === 'A'),
    ).toMatchObject({
      stateExitedEventDetails: { assignedVariables: { mine: '2' } },
    });
    expect(outcome).toMatchObject({ output: 'false' });
  });
});

describe('Map', () => {
  it('starts all iterations first where their number is not limited', async () => {
    const { trace } = await runStates(map(INVOKE), { input: [1, 2], tasks: { I: null } });

    expect(trace.slice(1, 11)).toEqual([
      '2 <- 0 MapStateEntered',
      '3 <- 2 MapStateStarted',
      '4 <- 3 MapIterationStarted',
      '5 <- 3 MapIterationStarted',
      '6 <- 4 TaskStateEntered',
      '7 <- 6 TaskScheduled',
      '8 <- 5 TaskStateEntered',
      '9 <- 8 TaskScheduled',
      '10 <- 7 TaskStarted',
      '11 <- 9 TaskStarted',
    ]);
  });

  it('starts an iteration after the one before where one runs at a time', async () => {
    const { trace } = await runStates(map(PASS, { MaxConcurrency: 1 }), { input: [1, 2] });

    expect(trace.slice(3)).toEqual([
      '4 <- 3 MapIterationStarted',
      '5 <- 4 PassStateEntered',
      '6 <- 5 PassStateExited',
      '7 <- 6 MapIterationSucceeded',
      '8 <- 6 MapIterationStarted',
      '9 <- 8 PassStateEntered',
      '10 <- 9 PassStateExited',
      '11 <- 10 MapIterationSucceeded',
      '12 <- 11 MapStateSucceeded',
      '13 <- 11 MapStateExited',
      '14 <- 13 ExecutionSucceeded',
    ]);
  });

  it('fails with its first iteration that fails and cuts the others off', async () => {
    const I = ({ arguments: { value } }: { arguments: { value: unknown } }) => {
      return (value as { Payload: number }).Payload === 1 ? boom() : never();
    };
    const state = { ...INVOKE, Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' } };

    const { trace } = await runStates(map(state), { input: [1, 2], tasks: { I } });

    expect(trace.slice(11)).toEqual([
      '12 <- 10 TaskFailed',
      '13 <- 12 MapIterationFailed',
      '14 <- 12 TaskStateAborted',
      '15 <- 12 MapIterationAborted',
      '16 <- 12 TaskStateAborted',
      '17 <- 12 MapStateFailed',
      '18 <- 17 ExecutionFailed',
    ]);
  });

  it('follows the failed iteration when it is retried and caught', async () => {
    const states = {
      ...map(
        { Type: 'Fail', Error: 'Boom' },
        {
          Retry: [{ ErrorEquals: ['Boom'], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['Boom'], Next: 'Caught' }],
        },
      ),
      Caught: PASS,
    };

    const { trace } = await runStates(states, { input: [1] });

    expect(trace.slice(2, 11)).toEqual([
      '3 <- 2 MapStateStarted',
      '4 <- 3 MapIterationStarted',
      '5 <- 4 FailStateEntered',
      '6 <- 5 MapIterationFailed',
      '7 <- 5 MapStateStarted',
      '8 <- 7 MapIterationStarted',
      '9 <- 8 FailStateEntered',
      '10 <- 9 MapIterationFailed',
      '11 <- 9 MapStateFailed',
    ]);
  });

  it('selects what an iteration gets from its item and the variables', async () => {
    const states = {
      Start: { Type: 'Pass', Assign: { all: ['a', 'b'] }, Next: 'M' },
      ...map(PASS, {
        Items: '{% $all %}',
        ItemSelector: { item: '{% $states.context.Map.Item %}', of: '{% $count($all) %}' },
      }),
    };

    expect(await outputOf(states)).toEqual([
      { item: { Index: 0, Value: 'a' }, of: 2 },
      { item: { Index: 1, Value: 'b' }, of: 2 },
    ]);
  });

  it('never runs more iterations at once than it may', async () => {
    let running = 0;
    let most = 0;
    const I = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return null;
    };

    await outputOf(map(INVOKE, { MaxConcurrency: 3 }), {
      input: Array.from({ length: 20 }, (_, n) => n),
      tasks: { I },
    });

    expect(most).toBe(3);
  });

  it('ends at once with an empty list', async () => {
    const { trace, outcome } = await runStates(map(PASS), { input: [] });

    expect(trace.slice(2)).toEqual([
      '3 <- 2 MapStateStarted',
      '4 <- 3 MapStateSucceeded',
      '5 <- 3 MapStateExited',
      '6 <- 5 ExecutionSucceeded',
    ]);
    expect(outcome).toMatchObject({ output: '[]' });
  });

  it('fails in the iteration whose selector cannot be evaluated', async () => {
    const { trace, outcome } = await runStates(map(PASS, { ItemSelector: '{% $nobody %}' }), { input: [1] });

    expect(trace.slice(3)).toEqual([
      '4 <- 3 MapIterationStarted',
      '5 <- 4 EvaluationFailed',
      '6 <- 5 MapIterationFailed',
      '7 <- 5 MapStateFailed',
      '8 <- 7 ExecutionFailed',
    ]);
    expect(outcome).toMatchObject({ error: 'States.QueryEvaluationError' });
  });
});
