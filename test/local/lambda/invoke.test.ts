import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, eventually, functionProperties, startEmbedded, writeCode } from './embedded.ts';

const SOURCE = `
let served = 0;
export const handler = async (event, context) => {
  served += 1;
  if (event.log) console.log(event.log);
  if (event.throw) throw new TypeError(event.throw);
  if (event.reject) throw event.reject;
  if (event.block) for (;;);
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.hang) await new Promise(() => {});
  if (event.eat) { const all = []; for (;;) all.push(new Array(10000).fill(all.length)); }
  if (event.background) { setTimeout(() => { throw new Error('in the background'); }, 1); await new Promise(() => {}); }
  if (event.big) return 'x'.repeat(event.big);
  if (event.circular) { const o = {}; o.o = o; return o; }
  if (event.env) return process.env;
  if (event.context) return { ...context, remaining: context.getRemainingTimeInMillis() };
  if (event.nothing) return undefined;
  return { served, event };
};`;

let embedded: Embedded;
let lambda: AwsService;
let client: LambdaClient;

beforeAll(async () => {
  embedded = await startEmbedded();
  embedded.add(await createLogs(embedded.aws));
  const runtimePath = await bundleRuntime(embedded.folder);
  lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
  client = new LambdaClient({
    ...clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test'),
    maxAttempts: 1,
  });
  for (const name of ['Echo', 'Frail']) await create(name, { Timeout: 60 });
  await create('Brief', { Timeout: 2 });
});

afterAll(async () => {
  client.destroy();
  await embedded.destroy();
});

function create(name: string, more: object = {}, source = SOURCE) {
  const directory = writeCode(embedded.folder, name, source);
  return embedded.create(
    lambda,
    'AWS::Lambda::Function',
    name,
    functionProperties(directory, { FunctionName: name, ...more }),
  );
}

async function invoke(name: string, event: unknown = {}) {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), LogType: 'Tail' }),
  );
  const log = Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8');
  return { ...answer, log, body: JSON.parse(answer.Payload?.transformToString() ?? 'null') };
}

describe('a function', () => {
  it('answers with what its handler returns', async () => {
    const answer = await invoke('Echo', { hello: 'wörld' });

    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST', body: { event: { hello: 'wörld' } } });
    expect(answer.FunctionError).toBeUndefined();
  });

  it('keeps its thread warm between events', async () => {
    await create('Warm');

    const first = await invoke('Warm');
    const second = await invoke('Warm');

    expect([first.body.served, second.body.served]).toEqual([1, 2]);
  });

  it('answers null where the handler returns nothing', async () => {
    const answer = await invoke('Echo', { nothing: true });

    expect(answer.body).toBeNull();
  });

  it('sees the environment of the template and of the runtime, and nothing of the process around it', async () => {
    await create('Environment', { Environment: { Variables: { TABLE: 'dispatches' } }, MemorySize: 256 });

    const { body } = await invoke('Environment', { env: true });

    expect(body).toMatchObject({
      TABLE: 'dispatches',
      AWS_LAMBDA_FUNCTION_NAME: 'Environment',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/Environment',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: embedded.aws.endpoint(),
      _HANDLER: 'index.handler',
    });
    expect(body).not.toHaveProperty('VITEST');
    expect(body).not.toHaveProperty('HOME');
  });

  it('gets a context that knows the request and the time that is left', async () => {
    const { body, $metadata } = await invoke('Echo', { context: true });

    expect(body).toMatchObject({
      functionName: 'Echo',
      awsRequestId: $metadata.requestId,
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Echo',
      memoryLimitInMB: '128',
    });
    expect(body.remaining).toBeGreaterThan(30_000);
    expect(body.remaining).toBeLessThanOrEqual(60_000);
  });

  it('answers by name, partial ARN and ARN, and not for another version', async () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Echo';

    const answers = await Promise.all([invoke(arn), invoke('000000000000:function:Echo'), invoke(`${arn}:$LATEST`)]);

    expect(answers.map((answer) => answer.StatusCode)).toEqual([200, 200, 200]);
    await expect(invoke(`${arn}:7`)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('an error of a function', () => {
  it('is the type, message and trace of what the handler threw', async () => {
    const answer = await invoke('Echo', { throw: 'no good' });

    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(answer.body).toMatchObject({ errorType: 'TypeError', errorMessage: 'no good' });
    expect(answer.body.trace[0]).toBe('TypeError: no good');
    expect(embedded.lines).toContain(`lambda: Echo failed on ${answer.$metadata.requestId}: TypeError: no good`);
  });

  it('is named after its type where something else than an error was thrown', async () => {
    const answer = await invoke('Echo', { reject: 'just words' });

    expect(answer.body).toEqual({ errorType: 'string', errorMessage: 'just words', trace: [] });
  });

  it.each([
    ['waits for ever', { hang: true }],
    ['blocks its thread', { block: true }],
  ])('is a time-out where the handler %s', async (_title, event) => {
    const answer = await invoke('Brief', event);

    const requestId = answer.$metadata.requestId;
    expect(answer.FunctionError).toBe('Unhandled');
    expect(answer.body).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 2.00 seconds`,
    });
    expect((await invoke('Brief')).body.served).toBe(1);
  });

  it('is an exit where the handler ends the process', async () => {
    const answer = await invoke('Frail', { exit: 3 });

    expect(answer.body.errorType).toBe('Runtime.ExitError');
    expect(answer.body.errorMessage).toMatch(/Runtime exited with error: exit status 3$/);
  });

  it('is an exit where the handler takes more memory than it has', async () => {
    await create('Glutton', { Timeout: 30 });

    const answer = await invoke('Glutton', { eat: true });

    expect(answer.body.errorType).toBe('Runtime.ExitError');
    expect(answer.body.errorMessage).toMatch(/signal: killed$/);
  });

  it('is what was thrown outside of the handler, and costs the thread', async () => {
    const answer = await invoke('Frail', { background: true });

    expect(answer.body).toMatchObject({ errorType: 'Error', errorMessage: 'in the background' });
    expect((await invoke('Frail')).body.served).toBe(1);
  });

  it('is a marshal error where the answer is not JSON', async () => {
    const answer = await invoke('Echo', { circular: true });

    expect(answer.body.errorType).toBe('Runtime.MarshalError');
  });

  it('is a size error where the answer is over 6 MB', async () => {
    const answer = await invoke('Echo', { big: 6 * 1024 * 1024 });

    expect(answer.body.errorType).toBe('Function.ResponseSizeTooLarge');
  });

  it.each([
    ['Runtime.HandlerNotFound', 'export const other = 1;', 'index.handler is undefined or not exported'],
    ['Runtime.UserCodeSyntaxError', 'export const = 1;', 'SyntaxError'],
    ['Runtime.ImportModuleError', "import 'not-to-be-found';", 'not-to-be-found'],
    ['RangeError', "throw new RangeError('at start')", 'at start'],
  ])('is %s where the bundle cannot be started', async (errorType, source, words) => {
    const name = `Broken${errorType.replace('.', '')}`;
    await create(name, {}, source);

    const answer = await invoke(name);

    expect(answer.body.errorType).toBe(errorType);
    expect(answer.body.errorMessage).toContain(words);
  });
});

describe('closing', () => {
  it('ends threads that are at work and turns away who waits', async () => {
    const other = await startEmbedded();
    const service = await createLambda(other.aws, {
      resolveCode: (_bucket, key) => key,
      runtimePath: await bundleRuntime(other.folder),
    });
    const directory = writeCode(
      other.folder,
      'Busy',
      `import { appendFileSync } from 'node:fs';
      export const handler = async () => { appendFileSync(process.env.FILE, 'x'); for (;;); };`,
    );
    const file = join(other.folder, 'begun');
    const more = { FunctionName: 'Busy', Timeout: 60, Environment: { Variables: { FILE: file } } };
    other.add(service);
    await other.create(service, 'AWS::Lambda::Function', 'Busy', functionProperties(directory, more));
    const caller = new LambdaClient({
      ...clientConfig(other.aws, 'arn:aws:iam::000000000000:role/caller', 'test'),
      maxAttempts: 1,
    });
    const calls = Array.from({ length: 5 }, () => caller.send(new InvokeCommand({ FunctionName: 'Busy' })));
    const answers = Promise.allSettled(calls);
    await eventually(() => expect(readFileSync(file, 'utf8')).toBe('xxxx'));

    await service.close();

    const outcomes = (await answers).map((one) =>
      one.status === 'fulfilled' ? one.value.FunctionError : one.reason.name,
    );
    expect(outcomes.toSorted()).toEqual(['ServiceException', 'Unhandled', 'Unhandled', 'Unhandled', 'Unhandled']);
    caller.destroy();
    await other.destroy();
  });
});

describe('Invoke', () => {
  it('refuses a function that is not there', async () => {
    await expect(invoke('Nobody')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:Nobody',
    });
  });

  it('refuses a payload that is not JSON', async () => {
    const command = new InvokeCommand({ FunctionName: 'Echo', Payload: '{"a":' });

    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  it('refuses a payload over 6 MB', async () => {
    const command = new InvokeCommand({ FunctionName: 'Echo', Payload: JSON.stringify('x'.repeat(6 * 1024 * 1024)) });

    await expect(client.send(command)).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });

  it('throttles beyond the reserved concurrency', async () => {
    await create('Off', { ReservedConcurrentExecutions: 0 });

    await expect(invoke('Off')).rejects.toMatchObject({ name: 'TooManyRequestsException' });
  });
});
