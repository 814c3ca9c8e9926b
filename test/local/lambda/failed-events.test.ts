import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createIam } from '../../../local/iam/iam.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { createSqs } from '../../../local/sqs/sqs-service.ts';
import { trusting } from '../iam/iam-in-test.ts';
import { createQueue, receiveAll } from '../sqs/sqs-stand.ts';
import { type Embedded, eventually, functionProperties, startEmbedded, writeCode } from './embedded.ts';

const OPERATOR = 'arn:aws:iam::000000000000:role/operator';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Fails';

let embedded: Embedded;
let lambda: AwsService;
let sqs: AwsService;
let client: LambdaClient;
let queues: SQSClient;
let deadUrl: string;

beforeEach(() => start());

afterEach(async () => {
  vi.useRealTimers();
  disconnect();
  await embedded.destroy();
});

function disconnect(): void {
  client.destroy();
  queues.destroy();
}

/** Lambda and SQS behind IAM. */
async function start(folder?: string): Promise<void> {
  embedded = await startEmbedded(folder);
  const iam = createIam(embedded.aws);
  embedded.gateway.authorize(iam.authorize);
  embedded.add(await createLogs(embedded.aws));
  sqs = embedded.add(await createSqs(embedded.aws));
  queues = new SQSClient(clientConfig(embedded.aws, OPERATOR, 'test'));
  const runtimePath = await bundleRuntime(embedded.folder);
  const options = { resolveCode: (_bucket: string, key: string) => key, runtimePath, retryAfterMs: [1, 1] };
  lambda = embedded.add(await createLambda(embedded.aws, options));
  client = new LambdaClient(clientConfig(embedded.aws, OPERATOR, 'test'));
  deadUrl = await createQueue(embedded, sqs, 'dead');
  for (const [name, actions] of [
    ['sender', ['sqs:SendMessage', 'logs:*']],
    ['nobody', ['logs:*']],
  ] as const) {
    const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
    await iam.resources['AWS::IAM::Role']?.({
      ...{ logicalId: name, type: 'AWS::IAM::Role' },
      properties: {
        RoleName: name,
        AssumeRolePolicyDocument: trusting('lambda.amazonaws.com'),
        Policies: [{ PolicyName: 'p', PolicyDocument: { Version: '2012-10-17', Statement } }],
      },
    });
  }
}

async function createFunction(more: object = {}, role = 'sender'): Promise<void> {
  const directory = writeCode(
    embedded.folder,
    'Fails',
    `export const handler = async ({ message = 'no' }) => { throw new TypeError(message); };`,
  );
  const Role = `arn:aws:iam::000000000000:role/${role}`;
  const properties = functionProperties(directory, { FunctionName: 'Fails', Role, ...more });
  await embedded.create(lambda, 'AWS::Lambda::Function', 'Fails', properties);
}

async function configure(more: object): Promise<void> {
  const config = { FunctionName: 'Fails', Qualifier: '$LATEST', ...more };
  await embedded.create(lambda, 'AWS::Lambda::EventInvokeConfig', 'Config', config);
}

/** Queues an event; answers the id of the request. */
async function send(event: object): Promise<string | undefined> {
  const command = new InvokeCommand({ FunctionName: 'Fails', InvocationType: 'Event', Payload: JSON.stringify(event) });
  return (await client.send(command)).$metadata.requestId;
}

const queued = () => readdirSync(join(embedded.folder, 'lambda', 'queue'));
const receive = (url = deadUrl) => receiveAll(queues, url, { WaitTimeSeconds: 20 });

describe('an event that a function has failed on', () => {
  it('is in its dead-letter queue as it was, and why', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });
    await lambda.ready?.();

    const requestId = await send({ message: 'out of luck', n: 1 });

    const [letter] = await receive();
    expect(letter?.Body).toBe('{"message":"out of luck","n":1}');
    expect(letter?.MessageAttributes).toEqual({
      RequestID: { DataType: 'String', StringValue: requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: 'out of luck' },
    });
    await eventually(() => expect(queued()).toEqual([]));
    expect(embedded.lines.join('\n')).toMatch(/Fails gives up event .* after 3 attempts: TypeError: out of luck/);
  });

  it('is told of to the destination for failures', async () => {
    await createFunction();
    await configure({ MaximumRetryAttempts: 1, DestinationConfig: { OnFailure: { Destination: DEAD } } });
    await lambda.ready?.();

    const requestId = await send({ n: 2 });

    const [letter] = await receive();
    expect(JSON.parse(letter?.Body ?? '')).toEqual({
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      requestContext: {
        requestId,
        functionArn: `${FUNCTION}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 2,
      },
      requestPayload: { n: 2 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType: 'TypeError', errorMessage: 'no', trace: expect.any(Array) },
    });
    expect(letter?.MessageAttributes).toBeUndefined();
  });

  it('goes to both where a function has both', async () => {
    const url = await createQueue(embedded, sqs, 'told');
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });
    const Destination = 'arn:aws:sqs:us-east-1:000000000000:told';
    await configure({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination } } });
    await lambda.ready?.();

    await send({ n: 3 });

    expect(await receive()).toMatchObject([{ Body: '{"n":3}' }]);
    expect(await receive(url)).toHaveLength(1);
    await eventually(() => expect(queued()).toEqual([]));
  });

  it('is there when there was no concurrency for it until it was too old', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD }, ReservedConcurrentExecutions: 0 });
    await configure({ MaximumEventAgeInSeconds: 60 });
    await send({ n: 4 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    await lambda.ready?.();

    const [letter] = await receive();

    expect(letter?.Body).toBe('{"n":4}');
    expect(letter?.MessageAttributes).toMatchObject({
      ErrorCode: { StringValue: '429' },
      ErrorMessage: { StringValue: 'Rate Exceeded.' },
    });
  });

  it.each([
    ['longer than a kilobyte', 'x'.repeat(3000), 'x'.repeat(1024)],
    ['nothing but the color of a terminal', '\u001b[31m', '?[31m'],
    ['empty', '', 'TypeError'],
  ])('is there though the message of the error is %s', async (_what, message, told) => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });
    await configure({ MaximumRetryAttempts: 0 });
    await lambda.ready?.();

    await send({ message });

    expect((await receive())[0]?.MessageAttributes).toMatchObject({ ErrorMessage: { StringValue: told } });
  });

  it('gets to the queue although the process ends in between', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });
    await configure({ MaximumRetryAttempts: 0 });
    await lambda.ready?.();
    const busy = vi.spyOn(sqs, 'handle').mockRejectedValue(new Error('SQS is down'));
    await send({ n: 5 });
    await eventually(() => expect(busy).toHaveBeenCalled());
    disconnect();
    await embedded.stop();

    await start(embedded.folder);
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });
    await lambda.ready?.();

    expect(await receive()).toMatchObject([{ Body: '{"n":5}' }]);
    await eventually(() => expect(queued()).toEqual([]));
  });

  it('is lost, with a line in the log, where the function’s role may not send', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } }, 'nobody');
    await configure({ MaximumRetryAttempts: 0 });
    await lambda.ready?.();

    await send({ n: 6 });

    await eventually(() => expect(embedded.lines.join('\n')).toMatch(/Fails lost event .*:dead: AccessDenied/));
    await eventually(() => expect(queued()).toEqual([]));
    expect(await receiveAll(queues, deadUrl)).toEqual([]);
  });
});

describe('the queues for failures', () => {
  it('are checked at boot: a role that may not send is named with its function', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } }, 'nobody');

    await expect(lambda.verify?.()).rejects.toThrow(
      /function Fails, queue .*:dead: User: .*role\/nobody.* sqs:SendMessage/,
    );
  });

  it('are checked at boot: one that is not there is named with its function', async () => {
    await createFunction();
    await configure({ DestinationConfig: { OnFailure: { Destination: `${DEAD}-gone` } } });

    await expect(lambda.verify?.()).rejects.toThrow(/function Fails, queue .*:dead-gone: The specified queue/);
  });

  it('are told by the function’s configuration', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });

    const configuration = await client.send(new GetFunctionConfigurationCommand({ FunctionName: 'Fails' }));

    expect(configuration.DeadLetterConfig).toEqual({ TargetArn: DEAD });
  });

  it('pass the check without a message', async () => {
    await createFunction({ DeadLetterConfig: { TargetArn: DEAD } });

    await lambda.verify?.();

    expect(await receiveAll(queues, deadUrl)).toEqual([]);
  });

  it.each([
    ['a destination that is no queue', { OnFailure: { Destination: FUNCTION } }, /OnFailure\.Destination/],
    ['a destination for success', { OnSuccess: { Destination: DEAD } }, /OnSuccess is not supported/],
  ])('refuse %s', async (_what, DestinationConfig, message) => {
    await createFunction();

    await expect(configure({ DestinationConfig })).rejects.toThrow(message);
  });
});
