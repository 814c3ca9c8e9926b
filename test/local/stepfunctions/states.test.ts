import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../local/stepfunctions/engine/clock.ts';
import { JumpingClock, outputOf, prepare, runStates } from './engine-stand.ts';

const PASS = { Type: 'Pass', End: true };
const INVOKE = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: 'f' },
  End: true,
};

describe('Choice', () => {
  const choice = (fields: object) => ({ C: { Type: 'Choice', ...fields }, Big: PASS, Small: PASS });
  const rules = [
    { Condition: '{% $states.input.n > 10 %}', Next: 'Big', Output: 'big', Assign: { size: 'L' } },
    { Condition: '{% $states.input.n < 0 %}', Next: 'Small' },
  ];

  it('takes the first rule that holds, with its own Assign and Output', async () => {
    const states = choice({ Choices: rules, Default: 'Small', Output: 'default', Assign: { size: 'S' } });

    const { events, outcome } = await runStates(states, { input: { n: 11 } });

    expect(outcome).toMatchObject({ output: '"big"' });
    expect(events[2]).toMatchObject({ stateExitedEventDetails: { assignedVariables: { size: '"L"' } } });
  });

  it("takes Default with the state's Assign and Output where no rule holds", async () => {
    const states = choice({ Choices: rules, Default: 'Small', Output: 'default' });

    expect(await outputOf(states, { input: { n: 5 } })).toBe('default');
  });

  it('fails where no rule holds and there is no Default', async () => {
    const { outcome } = await runStates(choice({ Choices: rules }), { input: { n: 5 } });

    expect(outcome).toMatchObject({ error: 'States.NoChoiceMatched' });
  });

  it('takes nothing but a boolean for a condition', async () => {
    const states = choice({ Choices: [{ Condition: '{% 1 %}', Next: 'Big' }], Default: 'Small' });

    const { outcome } = await runStates(states);

    const words =
      "specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1";
    expect(outcome).toMatchObject({ cause: expect.stringContaining(words) });
  });
});

describe('Wait', () => {
  const wait = (fields: object) => ({ W: { Type: 'Wait', ...fields, End: true } });

  it('waits for seconds that an expression says', async () => {
    const clock = new JumpingClock();

    await runStates(wait({ Seconds: '{% $states.input.n %}' }), { input: { n: 90 }, clock });

    expect(clock.slept).toEqual([90_000]);
  });

  it('does not wait for a time that has passed', async () => {
    const clock = new JumpingClock();

    await runStates(wait({ Timestamp: '2016-03-05T21:29:29.243167252Z' }), { clock });

    expect(clock.slept).toEqual([]);
  });

  it.each([
    '2016-12-05 21:29:29Z',
    '2016-12-05T21:29:29',
    '2016-12-05T25:29:29Z',
    '2016-02-30T00:00:00Z',
    '05-12-2016T21:29:29Z',
  ])('takes %s for no timestamp', async (time) => {
    const { trace, outcome } = await runStates(wait({ Timestamp: '{% $states.input %}' }), { input: time });

    expect(trace[2]).toBe('3 <- 2 EvaluationFailed');
    expect(outcome).toMatchObject({ cause: expect.stringContaining(`date-time format string: ${time}`) });
  });
});

describe('Fail', () => {
  it('makes the execution fail with an error and a cause that expressions say', async () => {
    const states = { F: { Type: 'Fail', Error: '{% $states.input.status %}', Cause: "{% 'it ' & 'broke' %}" } };

    const { trace, outcome } = await runStates(states, { input: { status: 'Broken' } });

    expect(trace.slice(1)).toEqual(['2 <- 0 FailStateEntered', '3 <- 2 ExecutionFailed']);
    expect(outcome).toEqual({ status: 'FAILED', error: 'Broken', cause: 'it broke' });
  });

  it('may leave both out', async () => {
    const { events } = await runStates({ F: { Type: 'Fail' } });

    expect(events[2]).toMatchObject({ type: 'ExecutionFailed', executionFailedEventDetails: {} });
  });
});

describe('Task', () => {
  it('gives its result to Assign and Output', async () => {
    const states = {
      T: {
        ...INVOKE,
        Assign: { kept: '{% $states.result.n %}' },
        Output: '{% $states.result.n + 1 %}',
        Next: 'P',
        End: undefined,
      },
      P: { Type: 'Pass', Output: ['{% $states.input %}', '{% $kept %}'], End: true },
    };

    expect(await outputOf(states, { tasks: { T: { n: 1 } } })).toEqual([2, 1]);
  });

  it('fails with States.DataLimitExceeded where the result exceeds 256 KiB', async () => {
    const { outcome, trace } = await runStates({ T: INVOKE }, { tasks: { T: 'x'.repeat(262_144) } });

    const cause =
      "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.";
    expect(trace).toContain('5 <- 4 TaskFailed');
    expect(outcome).toEqual({ status: 'FAILED', error: 'States.DataLimitExceeded', cause });
  });

  it('counts bytes, not characters', async () => {
    const { outcome } = await runStates({ T: INVOKE }, { tasks: { T: '€'.repeat(100_000) } });

    expect(outcome).toMatchObject({ error: 'States.DataLimitExceeded' });
  });

  it('says its limits in TaskScheduled, whether written down or evaluated', async () => {
    const states = { T: { ...INVOKE, TimeoutSeconds: '{% $states.input.t %}', HeartbeatSeconds: 5 } };

    const { events } = await runStates(states, { input: { t: 60 }, tasks: { T: null } });

    expect(events[2]).toMatchObject({ taskScheduledEventDetails: { timeoutInSeconds: 60, heartbeatInSeconds: 5 } });
  });

  it.each([0, 1.5, -1])('does not take %d for a time-out', async (t) => {
    const { outcome } = await runStates({ T: { ...INVOKE, TimeoutSeconds: '{% $states.input %}' } }, { input: t });

    expect(outcome).toMatchObject({ error: 'States.QueryEvaluationError' });
  });
});

describe('time', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const never = () => new Promise<never>(() => {});

  it('ends a Task that takes too long', async () => {
    const states = { T: { ...INVOKE, TimeoutSeconds: 5 } };

    const running = runStates(states, { tasks: { T: never }, clock: systemClock });
    await vi.advanceTimersByTimeAsync(5_000);

    const { trace, outcome } = await running;
    expect(trace.slice(4)).toEqual(['5 <- 4 TaskTimedOut', '6 <- 5 ExecutionFailed']);
    expect(outcome).toMatchObject({ error: 'States.Timeout' });
  });

  it('lets a wait be longer than a timer can', async () => {
    const seconds = 60 * 24 * 3600;
    const running = runStates({ W: { Type: 'Wait', Seconds: seconds, End: true } }, { clock: systemClock });

    await vi.advanceTimersByTimeAsync((seconds - 1) * 1000);
    const early = await Promise.race([running, Promise.resolve('still waiting')]);
    await vi.advanceTimersByTimeAsync(1000);

    expect(early).toBe('still waiting');
    expect((await running).outcome.status).toBe('SUCCEEDED');
  });
});

describe('an execution', () => {
  it('is aborted without another word of its states', async () => {
    const { execution, events } = prepare({ W: { Type: 'Wait', Seconds: 60, End: true } }, { clock: systemClock });
    execution.start();
    const running = execution.run();

    execution.abort('Enough', undefined);

    expect(await running).toEqual({ status: 'ABORTED', error: 'Enough', cause: undefined });
    expect(events.map(({ type }) => type)).toEqual(['ExecutionStarted', 'WaitStateEntered', 'ExecutionAborted']);
  });

  it('fails when it comes to 25,000 events', async () => {
    const states = {
      A: { Type: 'Pass', Next: 'B' },
      B: { Type: 'Choice', Choices: [{ Condition: false, Next: 'C' }], Default: 'A' },
      C: PASS,
    };

    const { events, outcome } = await runStates(states);

    expect(events).toHaveLength(25_000);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  it('hands text on as it came where no state makes a new one', async () => {
    const { outcome } = await runStates({ P: PASS }, { inputText: '[1,  2 ]' });

    expect(outcome).toMatchObject({ output: '[1,  2 ]' });
  });
});
