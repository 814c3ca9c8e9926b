import { createRequire } from 'node:module';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { setClockLead } from '../../../local/faults/clock-lead.ts';
import type { FaultSettings } from '../../../local/faults/fault-settings.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, eventually, functionProperties, startEmbedded, writeCode } from '../lambda/embedded.ts';
import { type Injected, inject } from './injected.ts';

const DISPATCH = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const SDK = createRequire(import.meta.url).resolve('@aws-sdk/client-dynamodb');
/** Makes three calls, one after the other, and answers the time that it takes it to be. */
const CALLING = `
import { createRequire } from 'node:module';
const { DynamoDBClient, GetItemCommand } = createRequire('file:///')(${JSON.stringify(SDK)});
const client = new DynamoDBClient({ maxAttempts: 1 });
export const handler = async ({ dispatchId }) => {
  for (const n of [1, 2, 3]) {
    await client.send(new GetItemCommand({ TableName: 'table' + n, Key: { dispatchId: { S: dispatchId } } }));
  }
  return { now: Date.now(), made: new Date().getTime(), parsed: new Date('2026-01-01').getTime() };
};`;

let embedded: Embedded;
let injected: Injected;
let client: LambdaClient;
/** The tables that were asked. */
let asked: string[];

beforeEach(async () => {
  embedded = await startEmbedded();
  asked = [];
  embedded.add(await createLogs(embedded.aws));
  embedded.add(dynamoDb());
  client = new LambdaClient(clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test'));
});

afterEach(async () => {
  client.destroy();
  await embedded.destroy();
  injected.close();
});

function dynamoDb(): AwsService {
  return {
    signingName: 'dynamodb',
    resources: {},
    handle: async (request) => {
      asked.push(JSON.parse((await request.readBody()).toString()).TableName);
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
    },
    close: async () => {},
  };
}

/** Lambda with the function `Calling`, under these rates. */
async function begin(rates: FaultSettings['rates'], more: Partial<FaultSettings> = {}): Promise<void> {
  injected = await inject(embedded.folder, rates, more);
  embedded.gateway.intercept(injected.intercept);
  const lambda = await createLambda(embedded.aws, {
    resolveCode: (_bucket, key) => key,
    runtimePath: await bundleRuntime(embedded.folder),
    retryAfterMs: injected.asyncRetryAfterMs,
    faults: injected.functions,
  });
  embedded.add(lambda);
  const directory = writeCode(embedded.folder, 'Calling', CALLING);
  const properties = functionProperties(directory, { FunctionName: 'Calling', Timeout: 10 });
  await embedded.create(lambda, 'AWS::Lambda::Function', 'Calling', properties);
  await lambda.ready?.();
}

async function invoke() {
  const Payload = JSON.stringify({ dispatchId: DISPATCH });
  const answer = await client.send(new InvokeCommand({ FunctionName: 'Calling', Payload }));
  return { error: answer.FunctionError, payload: JSON.parse(answer.Payload?.transformToString() ?? '') };
}

const EXITED = {
  errorType: 'Runtime.ExitError',
  errorMessage: expect.stringMatching(/Runtime exited with error: signal: killed$/),
};

describe('faults of functions', () => {
  it('knows the calls of a function, and which invocation they belong to', async () => {
    await begin({});

    await invoke();

    const own = injected.calls().filter(({ call }) => call === 'dynamodb.GetItem');
    expect(own).toMatchObject(
      [1, 2, 3].map(() => ({ caller: 'function', who: 'function-role/Calling', ids: [DISPATCH] })),
    );
    expect(injected.calls()).toContainEqual(
      expect.objectContaining({ function: 'Calling', invocation: 'sync', outcome: 'ok' }),
    );
  });

  it('killBefore: the function reports that its runtime exited, and has done nothing', async () => {
    await begin({ functions: [{ name: 'Calling', killBefore: 1 }] });

    const { error, payload } = await invoke();

    expect([error, payload, asked]).toEqual(['Unhandled', EXITED, []]);
    expect(injected.faults()).toMatchObject([
      { point: 'function', fault: 'killBefore', function: 'Calling', ids: [DISPATCH] },
    ]);
  });

  it('kill: the thread dies with its second call, before or after that took effect, and the next one lives', async () => {
    await begin({ functions: [{ kill: 1, calls: [2, 2] }] });
    const reached: number[] = [];

    for (let round = 0; round < 3; round += 1) {
      asked.length = 0;
      expect(await invoke()).toEqual({ error: 'Unhandled', payload: EXITED });
      reached.push(asked.length);
    }

    const effects = injected.faults().map(({ effect }) => effect);
    expect(reached).toEqual(effects.map((effect) => (effect === 'before' ? 1 : 2)));
    expect(new Set(effects)).toEqual(new Set(['before', 'after']));
  });

  it('lets a function live that makes fewer calls than it was to die with', async () => {
    await begin({ functions: [{ kill: 1, calls: [4, 4] }] });

    const { error } = await invoke();

    expect([error, asked.length, injected.faults()]).toEqual([undefined, 3, []]);
  });

  it('loseAnswer: everything is done, and nobody hears of it', async () => {
    await begin({ functions: [{ loseAnswer: 1 }] });

    const { error, payload } = await invoke();

    expect([error, payload, asked.length]).toEqual(['Unhandled', EXITED, 3]);
    expect(injected.faults()).toMatchObject([{ fault: 'loseAnswer' }]);
  });

  it('picks asynchronous invocations alone, which Lambda tries again', async () => {
    await begin({ functions: [{ invocation: 'async', loseAnswer: 1 }] }, { asyncRetryAfterMs: [10] });
    const event = {
      FunctionName: 'Calling',
      InvocationType: 'Event' as const,
      Payload: JSON.stringify({ dispatchId: DISPATCH }),
    };

    const { error } = await invoke();
    await client.send(new InvokeCommand(event));

    expect(error).toBeUndefined();
    await eventually(() => expect(injected.faults()).toHaveLength(3));
    expect(asked).toHaveLength(12);
  });

  it('puts the clock of a function off, and nothing else of its dates', async () => {
    await begin({ clocks: { functions: 1, maxMs: 600_000 } }, { seed: 3 });

    const { payload } = await invoke();

    expect(Math.abs(payload.now - Date.now())).toBeGreaterThan(10_000);
    expect(Math.abs(payload.made - payload.now)).toBeLessThan(10_000);
    expect(payload.parsed).toBe(Date.UTC(2026, 0, 1));
  });

  it('puts the clocks of a function ahead while its threads run, and right again', async () => {
    await begin({});
    const lead = async () => (await invoke()).payload.now - Date.now();

    const before = await lead();
    setClockLead(embedded.folder, 'Calling', 300_000);
    await eventually(async () => expect(await lead()).toBeGreaterThan(290_000));
    setClockLead(embedded.folder, 'Calling', 0);

    expect(Math.abs(before)).toBeLessThan(10_000);
    await eventually(async () => expect(Math.abs(await lead())).toBeLessThan(10_000));
  });

  it('leaves the clocks of other functions alone', async () => {
    await begin({});

    setClockLead(embedded.folder, 'Other', 300_000);

    expect(Math.abs((await invoke()).payload.now - Date.now())).toBeLessThan(10_000);
  });
});
