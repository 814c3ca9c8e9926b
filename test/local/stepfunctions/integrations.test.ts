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

describe('lambda:invoke', () => {
  const PATH = '/2015-03-31/functions/f/invocations';
  const INVOKE = task('arn:aws:states:::lambda:invoke', { FunctionName: 'f', Payload: { n: '{% $states.input.n %}' } });

  it("calls as the state machine's role in a session of the execution's name", async () => {
    stand.answer('lambda', PATH, () => ({ doubled: 42 }));
    const machine = await stand.create(INVOKE);

    const { name, output = '' } = await stand.run(machine, { n: 21 });

    const role = 'arn:aws:iam::000000000000:role/machine';
    expect(stand.calls).toMatchObject([{ input: { n: 21 }, roleArn: role, sessionName: name }]);
    expect(JSON.parse(output)).toMatchObject({
      ExecutedVersion: '$LATEST',
      Payload: { doubled: 42 },
      SdkHttpMetadata: { HttpStatusCode: 200 },
      StatusCode: 200,
    });
  });

  it("takes a function's own error as the state's, its whole answer as the cause", async () => {
    const body = JSON.stringify({ errorType: 'TypeError', errorMessage: 'no', trace: [] });
    stand.answer('lambda', PATH, () => ({ status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body }));
    const machine = await stand.create(INVOKE);

    const ended = await stand.run(machine, { n: 1 });

    expect(ended).toMatchObject({ status: 'FAILED', error: 'TypeError', cause: body });
  });

  it('names an error without a type Lambda.Unknown', async () => {
    stand.answer('lambda', PATH, () => ({ status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body: '' }));
    const machine = await stand.create(INVOKE);

    expect(await stand.run(machine, { n: 1 })).toMatchObject({ error: 'Lambda.Unknown' });
  });

  it("gives the payload alone to a Task with the function's own ARN", async () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
    stand.answer('lambda', `/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`, ({ input }) => [input]);
    const machine = await stand.create(task(arn, { a: 1 }));

    const { executionArn = '', output } = await stand.run(machine);

    const types = (await stand.history(executionArn)).map(({ type }) => type);
    expect(output).toBe('[{"a":1}]');
    expect(types).toContain('LambdaFunctionSucceeded');
  });
});

describe('DynamoDB', () => {
  const ARGUMENTS = {
    TableName: 't',
    Key: { id: { S: '{% $states.input.id %}' } },
    UpdateExpression: 'SET a = :a',
    ConditionExpression: 'attribute_exists(id)',
    ExpressionAttributeValues: { ':a': { N: '1' } },
  };
  const failing = (code: string, message: string) => () => {
    throw new AwsError(code, message);
  };

  it.each([
    ['dynamodb:updateItem', 'ConditionalCheckFailedException', 'DynamoDB.ConditionalCheckFailedException'],
    ['dynamodb:updateItem', 'ValidationException', 'DynamoDB.AmazonDynamoDBException'],
    ['aws-sdk:dynamodb:updateItem', 'ConditionalCheckFailedException', 'DynamoDb.ConditionalCheckFailedException'],
    ['aws-sdk:dynamodb:updateItem', 'ValidationException', 'DynamoDb.DynamoDbException'],
  ])('%s: %s becomes %s', async (resource, code, error) => {
    stand.answer('dynamodb', 'UpdateItem', failing(code, 'Not so'));
    const machine = await stand.create(task(`arn:aws:states:::${resource}`, ARGUMENTS));

    const ended = await stand.run(machine, { id: 'x' });

    expect(ended).toMatchObject({ status: 'FAILED', error, cause: expect.stringMatching(/^Not so \(Service: /) });
  });

  it('passes an item through as it is, beside the HTTP metadata', async () => {
    stand.answer('dynamodb', 'GetItem', () => ({ Item: { id: { S: 'x' }, on: { BOOL: true }, n: { N: '1' } } }));
    const machine = await stand.create(
      task('arn:aws:states:::dynamodb:getItem', { TableName: 't', Key: { id: { S: 'x' } } }),
    );

    const { output = '' } = await stand.run(machine);

    const result = JSON.parse(output);
    expect(result.Item).toEqual({ id: { S: 'x' }, on: { BOOL: true }, n: { N: '1' } });
    expect(result.SdkHttpMetadata.HttpStatusCode).toBe(200);
  });

  it("spells an attribute's type as the Java SDK does in aws-sdk: integrations", async () => {
    stand.answer('dynamodb', 'GetItem', () => ({ Item: { on: { BOOL: true }, none: { NULL: true } } }));
    const machine = await stand.create(
      task('arn:aws:states:::aws-sdk:dynamodb:getItem', { TableName: 't', Key: { id: { S: 'x' } } }),
    );

    const { output = '' } = await stand.run(machine);

    expect(JSON.parse(output)).toEqual({ Item: { on: { Bool: true }, none: { Nul: true } } });
  });

  it('fails with States.Runtime on a value of the wrong type, which no Catch covers', async () => {
    const machine = await stand.create({
      StartAt: 'T',
      States: {
        T: {
          Type: 'Task',
          Resource: 'arn:aws:states:::dynamodb:updateItem',
          Arguments: ARGUMENTS,
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
          End: true,
        },
        Caught: { Type: 'Succeed' },
      },
    });

    const ended = await stand.run(machine, { id: 7 });

    const cause = expect.stringContaining("[The value for the field 'S' must be a STRING]");
    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.Runtime', cause });
  });
});

describe('other integrations', () => {
  it('puts events whose detail is an object, and answers their ids', async () => {
    stand.answer('events', 'PutEvents', () => ({ Entries: [{ EventId: '1' }], FailedEntryCount: 0 }));
    const Entries = [{ Source: 's', DetailType: 'd', Detail: { id: '{% $states.input.id %}' } }];

    const { output } = await stand.run(await stand.create(task('arn:aws:states:::events:putEvents', { Entries })), {
      id: 5,
    });

    expect(stand.calls[0]?.input).toMatchObject({ Entries: [{ Source: 's', DetailType: 'd', Detail: '{"id":5}' }] });
    expect(output).toBe('{"Entries":[{"EventId":"1"}],"FailedEntryCount":0}');
  });

  it('fails where an event was not taken', async () => {
    stand.answer('events', 'PutEvents', () => ({ Entries: [{ ErrorCode: 'MalformedDetail' }], FailedEntryCount: 1 }));
    const Entries = [{ Source: 's', DetailType: 'd', Detail: '[]' }];

    const ended = await stand.run(await stand.create(task('arn:aws:states:::events:putEvents', { Entries })));

    expect(ended).toMatchObject({
      error: 'EventBridge.FailedEntry',
      cause: expect.stringContaining('MalformedDetail'),
    });
  });

  it('hands back a stale token as the error that AWS names after the Java SDK', async () => {
    const TaskToken = 'NoSuchTaskToken';
    const machine = await stand.create(task('arn:aws:states:::aws-sdk:sfn:sendTaskSuccess', { TaskToken, Output: {} }));

    const ended = await stand.run(machine);

    expect(ended).toMatchObject({
      error: 'Sfn.InvalidTokenException',
      cause: expect.stringMatching(/^Invalid Token: 'Invalid token' \(Service: Sfn, Status Code: 400, /),
    });
  });

  it('describes ECS tasks with their dates as text', async () => {
    stand.answer('ecs', 'DescribeTasks', () => ({
      tasks: [{ taskArn: TASK_ARN, createdAt: 1767322000 }],
      failures: [],
    }));
    const machine = await stand.create(
      task('arn:aws:states:::aws-sdk:ecs:describeTasks', { Cluster: CLUSTER, Tasks: ['{% $states.input.arn %}'] }),
    );

    const { output = '' } = await stand.run(machine, { arn: TASK_ARN });

    expect(stand.calls[0]?.input).toEqual({ cluster: CLUSTER, tasks: [TASK_ARN] });
    expect(JSON.parse(output)).toMatchObject({ Tasks: [{ TaskArn: TASK_ARN, CreatedAt: '2026-01-02T02:46:40.000Z' }] });
  });
});
