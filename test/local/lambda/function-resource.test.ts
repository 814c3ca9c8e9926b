import { CloudWatchLogsClient, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionCommand, InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { LambdaInvoker } from '../../../local/lambda-invoker.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, eventually, functionProperties, startEmbedded, writeCode } from './embedded.ts';

const SOURCE = `
export const handler = async (event) => {
  console.log('hello %s', event.name);
  console.warn({ level: 'of concern' });
  process.stdout.write('{"message":"from the logger"}\\nsecond line');
  return process.execArgv.concat(process.env.NODE_OPTIONS ?? []);
};`;
const ROLE = 'arn:aws:iam::000000000000:role/caller';

let embedded: Embedded;
let lambda: AwsService;
let client: LambdaClient;
let logs: CloudWatchLogsClient;

beforeAll(async () => {
  embedded = await startEmbedded();
  embedded.add(await createLogs(embedded.aws));
  const runtimePath = await bundleRuntime(embedded.folder);
  const trusts = (role: string) => !role.endsWith('/stranger');
  lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath, trusts }));
  client = new LambdaClient(clientConfig(embedded.aws, ROLE, 'test'));
  logs = new CloudWatchLogsClient(clientConfig(embedded.aws, ROLE, 'test'));
  await lambda.ready?.();
});

afterAll(async () => {
  client.destroy();
  logs.destroy();
  await embedded.destroy();
});

function create(name: string, more: object = {}) {
  const directory = writeCode(embedded.folder, name, SOURCE);
  return embedded.create(
    lambda,
    'AWS::Lambda::Function',
    name,
    functionProperties(directory, { FunctionName: name, ...more }),
  );
}

async function logOf(group: string): Promise<string[]> {
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: group }));
  const logStreamName = logStreams?.[0]?.logStreamName;
  const { events } = await logs.send(
    new GetLogEventsCommand({ logGroupName: group, logStreamName, startFromHead: true }),
  );
  return (events ?? []).map((event) => event.message ?? '');
}

describe('AWS::Lambda::Function', () => {
  it('yields its name and ARN, and is described and listed', async () => {
    const values = await create('Listed', { Timeout: '7' });

    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Listed';
    expect(values).toEqual({ ref: 'Listed', attributes: { Arn: arn } });
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: 'Listed' }));
    expect(Configuration).toMatchObject({ FunctionArn: arn, Handler: 'index.handler', Timeout: 7, MemorySize: 128 });
    const { Functions } = await client.send(new ListFunctionsCommand({}));
    expect(Functions?.map((one) => one.FunctionName)).toContain('Listed');
  });

  it.each([
    ['Layers', { Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:x:1'] }, /^Layers is not supported/],
    ['inline code', { Code: { ZipFile: 'export {}' } }, /Code\.ZipFile is not supported/],
    ['another runtime', { Runtime: 'python3.13' }, /Runtime: must be a nodejs runtime/],
    [
      'a dead-letter topic',
      { DeadLetterConfig: { TargetArn: 'arn:aws:sns:us-east-1:000000000000:t' } },
      /standard queue/,
    ],
    ['a time-out over 15 minutes', { Timeout: 901 }, /Timeout/],
    ['a reserved variable', { Environment: { Variables: { AWS_REGION: 'x' } } }, /AWS_REGION cannot be set/],
    ['4 KB of variables', { Environment: { Variables: { BIG: 'x'.repeat(4096) } } }, /4099 bytes/],
    [
      'a role that does not trust Lambda',
      { Role: 'arn:aws:iam::000000000000:role/stranger' },
      /Role: .*stranger cannot/,
    ],
  ])('refuses %s', async (_what, more, message) => {
    await expect(create('Refused', more)).rejects.toThrow(message);
  });
});

describe('booting', () => {
  it('fails where a function cannot start, and names it', async () => {
    const other = await startEmbedded();
    const runtimePath = await bundleRuntime(other.folder);
    const service = other.add(await createLambda(other.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
    const source = `if (!process.env.TABLE) throw new Error('TABLE is missing'); export const handler = () => {};`;
    const directory = writeCode(other.folder, 'Lacking', source);
    const properties = functionProperties(directory, { FunctionName: 'Lacking' });
    await other.create(service, 'AWS::Lambda::Function', 'Lacking', properties);

    await expect(service.ready?.()).rejects.toThrow('Lacking cannot start: Error: TABLE is missing');

    await other.destroy();
  });
});

describe('the log of a function', () => {
  it('holds what the function wrote between the lines of Lambda', async () => {
    await create('Writer');

    const { $metadata, LogResult } = await client.send(
      new InvokeCommand({ FunctionName: 'Writer', Payload: '{"name":"you"}', LogType: 'Tail' }),
    );

    await eventually(async () => expect(await logOf('/aws/lambda/Writer').catch(() => [])).toHaveLength(7));
    const lines = await logOf('/aws/lambda/Writer');
    const id = $metadata.requestId;
    expect(lines[0]).toBe(`START RequestId: ${id} Version: $LATEST`);
    expect(lines[1]).toMatch(new RegExp(`^\\d{4}-.*Z\\t${id}\\tINFO\\thello you$`));
    expect(lines[2]).toMatch(/\tWARN\t\{ level: 'of concern' \}$/);
    expect(lines.slice(3, 6)).toEqual(['{"message":"from the logger"}', 'second line', `END RequestId: ${id}`]);
    expect(lines[6]).toMatch(new RegExp(`^REPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms`));
    expect(Buffer.from(LogResult ?? '', 'base64').toString()).toBe(`${lines.join('\n')}\n`);
  });

  it('is JSON, in the group that the function names, where it is told so', async () => {
    await create('Json', { LoggingConfig: { LogGroup: 'my-group', LogFormat: 'JSON', SystemLogLevel: 'WARN' } });

    await client.send(new InvokeCommand({ FunctionName: 'Json', Payload: '{"name":"you"}' }));

    await eventually(async () => expect(await logOf('my-group').catch(() => [])).toHaveLength(4));
    const [first = '', second = ''] = await logOf('my-group');
    expect(JSON.parse(first)).toMatchObject({ level: 'INFO', message: 'hello you' });
    expect(JSON.parse(second)).toMatchObject({ level: 'WARN', message: { level: 'of concern' } });
  });

  it('holds the lines of a function that writes faster than the log takes them', async () => {
    const directory = writeCode(
      embedded.folder,
      'Flood',
      `const line = 'x'.repeat(10_000);
       export const handler = async () => { for (let n = 0; n < 2000; n += 1) process.stdout.write(n + line + '\\n'); };`,
    );
    const properties = functionProperties(directory, { FunctionName: 'Flood', Timeout: 60 });
    await embedded.create(lambda, 'AWS::Lambda::Function', 'Flood', properties);

    await client.send(new InvokeCommand({ FunctionName: 'Flood' }));

    await eventually(async () => expect(await lastLine('/aws/lambda/Flood')).toMatch(/^REPORT/));
  });
});

describe('a function that writes without end', () => {
  it('is timed out like any other, and costs nobody else', async () => {
    const source = `export const handler = async () => { for (;;) process.stdout.write('x'.repeat(10_000) + '\\n'); };`;
    const directory = writeCode(embedded.folder, 'Endless', source);
    const properties = functionProperties(directory, { FunctionName: 'Endless', Timeout: 1 });
    await embedded.create(lambda, 'AWS::Lambda::Function', 'Endless', properties);

    const { Payload } = await client.send(new InvokeCommand({ FunctionName: 'Endless' }));

    expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect((await client.send(new InvokeCommand({ FunctionName: 'Listed', Payload: '{}' }))).StatusCode).toBe(200);
  });
});

async function lastLine(group: string): Promise<string | undefined> {
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: group }));
  const logStreamName = logStreams?.[0]?.logStreamName;
  const { events } = await logs.send(new GetLogEventsCommand({ logGroupName: group, logStreamName, limit: 1 }));
  return events?.[0]?.message;
}

describe('NODE_OPTIONS of the template', () => {
  it('is honoured by the thread', async () => {
    await create('Mapped', { Environment: { Variables: { NODE_OPTIONS: '--enable-source-maps' } } });

    const { Payload } = await client.send(new InvokeCommand({ FunctionName: 'Mapped', Payload: '{}' }));

    expect(JSON.parse(Payload?.transformToString() ?? '')).toEqual(['--enable-source-maps']);
  });
});

describe('AWS::Lambda::Permission', () => {
  const rule = 'arn:aws:events:us-east-1:000000000000:rule/my-rule';

  it.each([
    ['the principal and its source', { SourceArn: rule }, true],
    ['any source', {}, true],
    ['a pattern of sources', { SourceArn: 'arn:aws:events:*:000000000000:rule/my-*' }, true],
    ['its own account', { SourceAccount: '000000000000' }, true],
    ['another source', { SourceArn: `${rule}-2` }, false],
    ['another account', { SourceAccount: '111111111111' }, false],
    ['another principal', { Principal: 's3.amazonaws.com' }, false],
  ])('that names %s decides whether a service may invoke', async (what, statement, allowed) => {
    const name = `For-${what.replaceAll(' ', '-')}`;
    const values = await create(name);
    const arn = values.attributes?.['Arn'] ?? '';
    const permission = {
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      FunctionName: arn,
      ...statement,
    };
    await embedded.create(lambda, 'AWS::Lambda::Permission', `${name}Permission`, permission);
    const invoker = new LambdaInvoker(embedded.aws, 'events.amazonaws.com');

    const outcome = invoker.verify(arn, rule);

    if (allowed) await expect(outcome).resolves.toBeUndefined();
    else
      await expect(outcome).rejects.toMatchObject({ name: 'AccessDeniedException', message: /events\.amazonaws\.com/ });
    invoker.close();
  });

  it('is not asked about an ordinary role', async () => {
    await create('Ordinary');

    const answer = await client.send(new InvokeCommand({ FunctionName: 'Ordinary', InvocationType: 'DryRun' }));

    expect(answer.StatusCode).toBe(204);
  });
});
