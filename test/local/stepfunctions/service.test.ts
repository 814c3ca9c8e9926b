import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stand } from './stand.ts';

const WAITS = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 3600, End: true } } };
const PASSES = { StartAt: 'P', States: { P: { Type: 'Pass', Output: '{% $states.input %}', End: true } } };

/** `${Name}`, which the linter takes for a template literal gone wrong. */
const place = (name: string) => `$\{${name}}`;

describe('the Step Functions API', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await Stand.start();
  });
  afterEach(() => stand.remove());

  it('runs an execution and describes its end', async () => {
    const machine = await stand.create(PASSES);

    const ended = await stand.run(machine, { answer: 42 });

    expect(ended).toMatchObject({ status: 'SUCCEEDED', input: '{"answer":42}', output: '{"answer":42}' });
    expect(ended.stopDate).toBeInstanceOf(Date);
    expect(stand.statuses(ended.executionArn ?? '')).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('answers the same execution to the same name and input while it runs', async () => {
    const machine = await stand.create(WAITS);
    const first = await stand.startExecution(machine, { a: 1 }, 'one');

    const second = await stand.startExecution(machine, { a: 1 }, 'one');

    expect(second).toBe(first);
    expect(stand.statuses(first)).toEqual(['RUNNING']);
  });

  it('refuses another input under the same name, and any under the name of a closed execution', async () => {
    const machine = await stand.create(WAITS);
    const executionArn = await stand.startExecution(machine, { a: 1 }, 'one');
    const refusal = { name: 'ExecutionAlreadyExists', message: `Execution Already Exists: '${executionArn}'` };

    await expect(stand.startExecution(machine, { a: 2 }, 'one')).rejects.toMatchObject(refusal);
    await stand.client.send(new StopExecutionCommand({ executionArn }));
    await expect(stand.startExecution(machine, { a: 1 }, 'one')).rejects.toMatchObject(refusal);
  });

  it.each([
    ['not some json', 'InvalidExecutionInput', /Unrecognized token 'not'/],
    ["{'not': 'json'", 'InvalidExecutionInput', /Unexpected character \(''' \(code 39\)\)/],
    ['', 'InvalidExecutionInput', /Invalid execution input/],
  ])('refuses the input %j', async (input, name, message) => {
    const stateMachineArn = await stand.create(PASSES);

    const start = stand.client.send(new StartExecutionCommand({ stateMachineArn, input }));

    await expect(start).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  });

  it('names what does not exist', async () => {
    const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:none';
    const executionArn = 'arn:aws:states:us-east-1:000000000000:execution:none:one';

    await expect(stand.startExecution(stateMachineArn)).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
    await expect(stand.client.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject({
      name: 'ExecutionDoesNotExist',
      message: `Execution Does Not Exist: '${executionArn}'`,
    });
    await expect(stand.startExecution('nonsense')).rejects.toMatchObject({
      name: 'InvalidArn',
      message: "Invalid Arn: 'Invalid ARN prefix: nonsense'",
    });
  });

  it('lists executions, the last started first, in pages that new ones do not shift', async () => {
    const stateMachineArn = await stand.create(PASSES);
    for (const name of ['1', '2', '3']) await stand.startExecution(stateMachineArn, {}, name);

    const first = await stand.client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 2 }));
    await stand.startExecution(stateMachineArn, {}, '4');
    const { nextToken } = first;
    const second = await stand.client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 2, nextToken }));

    expect(first.executions?.map(({ name }) => name)).toEqual(['3', '2']);
    expect(second.executions?.map(({ name }) => name)).toEqual(['1']);
    expect(second.nextToken).toBeUndefined();
  });

  it('lists state machines by name', async () => {
    for (const StateMachineName of ['m_2', 'm_1', 'm_10']) await stand.create(PASSES, { StateMachineName });

    const { stateMachines } = await stand.client.send(new ListStateMachinesCommand({}));

    expect(stateMachines?.map(({ name }) => name)).toEqual(['m_1', 'm_10', 'm_2']);
  });

  it('quotes a page token of a length that no token of the list has', async () => {
    const stateMachineArn = await stand.create(PASSES);
    const refusal = (token: string, bound: string) => ({
      name: 'ValidationException',
      message: `1 validation error detected: Value '${token}' at 'nextToken' failed to satisfy constraint: Member must have length ${bound}`,
    });
    const executions = (nextToken: string) => {
      return stand.client.send(new ListExecutionsCommand({ stateMachineArn, nextToken }));
    };
    const machines = (nextToken: string) => stand.client.send(new ListStateMachinesCommand({ nextToken }));
    const [long, longer] = ['x'.repeat(1025), 'x'.repeat(3097)];

    await expect(machines(long)).rejects.toMatchObject(refusal(long, 'less than or equal to 1024'));
    await expect(executions(longer)).rejects.toMatchObject(refusal(longer, 'less than or equal to 3096'));
    await expect(executions('')).rejects.toMatchObject(refusal('', 'greater than or equal to 1'));
    await expect(executions(long)).rejects.toMatchObject({ name: 'InvalidToken' });
  });

  it.each([
    ['SUCCEEDED', PASSES, 'NOT_REDRIVABLE', 'Execution is SUCCEEDED and cannot be redriven'],
    ['FAILED', { StartAt: 'F', States: { F: { Type: 'Fail' } } }, 'REDRIVABLE', undefined],
  ])('says whether a %s execution could be redriven', async (status, definition, redriveStatus, reason) => {
    const ended = await stand.run(await stand.create(definition));

    expect(ended).toMatchObject({ status, redriveStatus });
    expect(ended.redriveStatusReason).toBe(reason);
  });

  it('pages through a history forwards and backwards', async () => {
    const machine = await stand.create(PASSES);
    const { executionArn } = await stand.run(machine);
    const page = async (reverseOrder: boolean, nextToken?: string) => {
      return stand.client.send(
        new GetExecutionHistoryCommand({ executionArn, maxResults: 3, reverseOrder, nextToken }),
      );
    };

    const [forwards, backwards] = [await page(false), await page(true)];
    const rest = await page(false, forwards.nextToken);

    expect(forwards.events?.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(rest.events?.map(({ id }) => id)).toEqual([4]);
    expect(backwards.events?.map(({ id }) => id)).toEqual([4, 3, 2]);
  });

  it('leaves inputs and outputs out of a history where nobody wants them', async () => {
    const { executionArn } = await stand.run(await stand.create(PASSES), { secret: true });

    const command = new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false });
    const { events } = await stand.client.send(command);

    expect(events?.[1]?.stateEnteredEventDetails).toMatchObject({ name: 'P' });
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('stops an execution with its error and cause, and says so on the bus', async () => {
    const machine = await stand.create(WAITS);
    const executionArn = await stand.startExecution(machine);

    await stand.client.send(new StopExecutionCommand({ executionArn, error: 'Enough', cause: 'of this' }));

    const history = await stand.history(executionArn);
    expect(await stand.ended(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'of this' });
    expect(history.at(-1)).toMatchObject({
      type: 'ExecutionAborted',
      previousEventId: 0,
      executionAbortedEventDetails: { error: 'Enough', cause: 'of this' },
    });
    expect(stand.statuses(executionArn)).toEqual(['RUNNING', 'ABORTED']);
  });

  it('answers StopExecution on a closed execution with when it stopped', async () => {
    const machine = await stand.create(PASSES);
    const { executionArn, stopDate } = await stand.run(machine);

    const stopped = await stand.client.send(new StopExecutionCommand({ executionArn }));

    expect(stopped.stopDate).toEqual(stopDate);
    expect(stand.statuses(executionArn ?? '')).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('describes a state machine with its substitutions filled in', async () => {
    const definition = { StartAt: 'P', States: { P: { Type: 'Pass', Output: place('Word'), End: true } } };
    const stateMachineArn = await stand.create(definition, { DefinitionSubstitutions: { Word: 'filled' } });

    const described = await stand.client.send(new DescribeStateMachineCommand({ stateMachineArn }));

    expect(JSON.parse(described.definition ?? '')).toMatchObject({ States: { P: { Output: 'filled' } } });
    expect(described).toMatchObject({ status: 'ACTIVE', type: 'STANDARD', name: 'Machine' });
  });

  describe('with a task token', () => {
    const HANDS_OUT = {
      StartAt: 'T',
      States: {
        T: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
          HeartbeatSeconds: 60,
          Arguments: { FunctionName: 'f', Payload: { token: '{% $states.context.Task.Token %}' } },
          End: true,
        },
      },
    };
    let executionArn: string;
    let taskToken: string;
    beforeEach(async () => {
      stand.answer('lambda', '/2015-03-31/functions/f/invocations', ({ input }) => {
        taskToken = (input as { token: string }).token;
        return {};
      });
      executionArn = await stand.startExecution(await stand.create(HANDS_OUT));
      await stand.until(async () => (await stand.history(executionArn)).some(({ type }) => type === 'TaskSubmitted'));
    });

    it('ends the Task with the output that comes back', async () => {
      await stand.client.send(new SendTaskHeartbeatCommand({ taskToken }));
      await stand.client.send(new SendTaskSuccessCommand({ taskToken, output: '{"done":true}' }));

      expect(await stand.ended(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '{"done":true}' });
    });

    it('fails the Task with the error that comes back', async () => {
      await stand.client.send(new SendTaskFailureCommand({ taskToken, error: 'Broken', cause: 'by hand' }));

      expect(await stand.ended(executionArn)).toMatchObject({ status: 'FAILED', error: 'Broken', cause: 'by hand' });
    });

    it('tells a token that was used from one that never was', async () => {
      await stand.client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));

      const again = stand.client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
      const never = stand.client.send(new SendTaskHeartbeatCommand({ taskToken: 'NoSuchTaskToken' }));

      await Promise.all([
        expect(again).rejects.toMatchObject({ name: 'TaskTimedOut' }),
        expect(never).rejects.toMatchObject({ name: 'InvalidToken', message: "Invalid Token: 'Invalid token'" }),
      ]);
    });

    it('refuses an output that is not JSON and goes on waiting', async () => {
      const send = stand.client.send(new SendTaskSuccessCommand({ taskToken, output: 'nonsense' }));

      await expect(send).rejects.toMatchObject({ name: 'InvalidOutput' });
      expect(stand.statuses(executionArn)).toEqual(['RUNNING']);
    });
  });
});
