import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRates, FaultSettings } from '../../../local/faults/fault-settings.ts';
import { resumeFaults, stopFaults } from '../../../local/faults/fault-switch.ts';
import { type EchoGateway, echoGateway } from '../gateway/echo-gateway.ts';
import { eventually } from '../lambda/embedded.ts';
import { type Injected, inject, OPERATOR_ROLE } from './injected.ts';

const DISPATCH = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const EXECUTION = `${DISPATCH}-1`;

let echo: EchoGateway;
let injected: Injected | undefined;
const clients: { destroy(): void }[] = [];

beforeEach(async () => {
  echo = await echoGateway();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  injected?.close();
  injected = undefined;
  await echo.remove();
});

/** Faults for the calls of an execution. */
async function begin(calls: FaultRates['calls'], more: Partial<FaultSettings> = {}): Promise<Injected> {
  const started = await inject(echo.folder, { calls }, more);
  started.executions.started({ executionArn: `arn:x:execution:dispatch:${EXECUTION}` }, () => {}, Promise.resolve());
  echo.gateway.intercept(started.intercept);
  injected = started;
  return started;
}

function config(roleArn: string, session: string, maxAttempts: number) {
  const { accessKeyId, secretAccessKey } = echo.gateway.credentials(roleArn, session);
  const credentials = { accessKeyId, secretAccessKey };
  return { region: 'us-east-1', endpoint: echo.gateway.endpoint, credentials, maxAttempts };
}

function dynamo({ role = 'arn:aws:iam::000000000000:role/machine', session = EXECUTION, maxAttempts = 1 } = {}) {
  const client = new DynamoDBClient(config(role, session, maxAttempts));
  clients.push(client);
  return client;
}

const put = () => new PutItemCommand({ TableName: 'dispatches', Item: { dispatchId: { S: DISPATCH } } });

/** The name of the error that a call fails with, or what it resolves to. */
function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: Error) => error.name,
  );
}

describe('faults of calls', () => {
  it.each([
    ['throttle', 'ThrottlingException', 0],
    ['failBefore', 'InternalServerError', 0],
    ['failAfter', 'InternalServerError', 1],
    ['cutBefore', 'TimeoutError', 0],
    ['cutAfter', 'TimeoutError', 1],
  ])('%s: the caller hears %s, and the service saw %i calls', async (fault, name, reached) => {
    const { faults, calls } = await begin([{ [fault]: 1 }]);

    const heard = await outcome(dynamo().send(put()));

    expect([heard, echo.reached.length]).toEqual([name, reached]);
    expect(calls()).toMatchObject([{ call: 'dynamodb.PutItem', served: reached === 0 ? 'nothing' : 'ok' }]);
    expect(faults()).toMatchObject([
      { point: 'call', fault, call: 'dynamodb.PutItem', caller: 'state-machine', ids: [DISPATCH], boot: 0 },
    ]);
  });

  it('delay: the answer comes, later', async () => {
    const { faults } = await begin([{ delay: 1, delayMs: [60, 60] }]);
    const began = performance.now();

    const heard = await outcome(dynamo().send(put()));

    expect([heard, echo.reached.length]).toEqual(['ok', 1]);
    expect(performance.now() - began).toBeGreaterThan(55);
    expect(faults()).toMatchObject([{ fault: 'delay', delayMs: 60 }]);
  });

  it.each([
    ['throttle', 'SlowDown', 0],
    ['failAfter', 'InternalError', 1],
    ['cutBefore', 'TimeoutError', 0],
    ['cutAfter', 'TimeoutError', 1],
  ])('%s of an upload to S3: the caller hears %s', async (fault, name, reached) => {
    await begin([{ [fault]: 1, service: 's3', operation: 'PutObject', containing: 'output.log' }]);
    const client = new S3Client({
      ...config('arn:aws:iam::000000000000:role/machine', EXECUTION, 1),
      forcePathStyle: true,
    });
    clients.push(client);
    const input = { Bucket: 'artifacts', Key: `dispatches/${DISPATCH}/1/output.log`, Body: Buffer.alloc(100_000) };

    const heard = await outcome(client.send(new PutObjectCommand(input)));

    expect([heard, echo.reached.length]).toEqual([name, reached]);
    expect(injected?.faults()).toMatchObject([
      { fault, call: 's3.PutObject', ids: [DISPATCH], object: `artifacts/dispatches/${DISPATCH}/1/output.log` },
    ]);
  });

  it.each(['throttle', 'failBefore', 'cutBefore', 'cutAfter', 'failAfter'])(
    '%s is retried by the SDK, and met again where it persists',
    async (fault) => {
      const { faults } = await begin([{ [fault]: 1, operation: 'PutItem', persist: 1 }]);

      const heard = await outcome(dynamo({ maxAttempts: 2 }).send(put()));

      expect(heard).not.toBe('ok');
      expect(faults()).toHaveLength(2);
    },
  );

  it('leaves each try of the SDK its own luck where a fault does not persist', async () => {
    const { faults, calls } = await begin([{ cutAfter: 0.5 }], { seed: 2 });
    const client = dynamo({ maxAttempts: 8 });

    const heard = await Promise.all(Array.from({ length: 10 }, () => outcome(client.send(put()))));

    expect(new Set(heard)).toEqual(new Set(['ok']));
    expect(faults().length).toBeGreaterThan(0);
    expect(calls().filter(({ outcome }) => outcome === 'ok')).toHaveLength(10);
  });

  it('has the same faults for the same seed', async () => {
    const rates = [{ throttle: 0.3, cutBefore: 0.3 }];
    const outcomes = async (seed: number) => {
      const { close } = await begin(rates, { seed });
      const client = dynamo();
      const heard: string[] = [];
      for (let call = 0; call < 12; call += 1) heard.push(await outcome(client.send(put())));
      close();
      // The next one is a first boot as well.
      writeFileSync(join(echo.folder, 'faults', 'boots'), '0');
      return heard;
    };
    const first = await outcomes(5);

    const [again, other] = [await outcomes(5), await outcomes(6)];

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('spares the operator', async () => {
    const { faults, calls } = await begin([{ throttle: 1 }]);

    const heard = await outcome(dynamo({ role: OPERATOR_ROLE, session: 'operator' }).send(put()));

    expect([heard, faults()]).toEqual(['ok', []]);
    expect(calls()).toMatchObject([{ caller: 'operator', call: 'dynamodb.PutItem', outcome: 'ok' }]);
  });

  it('takes who calls in the name of a role without an execution for the platform, and spares it', async () => {
    await begin([{ throttle: 1 }]);

    const heard = await outcome(dynamo({ session: 'some-function' }).send(put()));

    expect(heard).toBe('ok');
    expect(injected?.calls()).toMatchObject([{ caller: 'platform' }]);
  });

  it('ends when the data folder says so, and goes on when that is taken back', async () => {
    await begin([{ throttle: 1 }]);
    const client = dynamo();

    stopFaults(echo.folder);

    await eventually(async () => expect(await outcome(client.send(put()))).toBe('ok'));
    resumeFaults(echo.folder);
    await eventually(async () => expect(await outcome(client.send(put()))).toBe('ThrottlingException'));
  });

  it('ends at the time that the settings say', async () => {
    await begin([{ throttle: 1 }], { until: Date.now() - 1 });

    expect(await outcome(dynamo().send(put()))).toBe('ok');
  });

  it('notes in words what a call that names a dispatch writes', async () => {
    const { calls } = await begin([]);
    const update = new UpdateItemCommand({
      TableName: 'dispatches',
      Key: { dispatchId: { S: DISPATCH } },
      UpdateExpression: 'SET #status = :v0',
      ConditionExpression: '#attempt = :v1',
      ExpressionAttributeNames: { '#status': 'status', '#attempt': 'attempt' },
      ExpressionAttributeValues: { ':v0': { S: 'RUNNING' }, ':v1': { N: '1' } },
    });

    await dynamo().send(update);
    await dynamo({ role: OPERATOR_ROLE, session: 'operator' }).send(
      new PutItemCommand({ TableName: 'tenants', Item: { tenantId: { S: 'local' } } }),
    );

    expect(calls()).toMatchObject([
      {
        call: 'dynamodb.UpdateItem',
        outcome: 'ok',
        who: `machine/${EXECUTION}`,
        ids: [DISPATCH],
        TableName: 'dispatches',
        update: 'SET status = RUNNING',
        condition: 'attempt = 1',
      },
    ]);
  });

  it('counts boots, and begins a line of its own after the half one of a killed process', async () => {
    const file = join(echo.folder, 'faults', 'faults.jsonl');
    (await begin([{ throttle: 1 }])).close();
    writeFileSync(file, '{"time":"2026', { flag: 'a' });

    await begin([{ throttle: 1 }]);
    await outcome(dynamo().send(put()));

    const [half, whole = ''] = readFileSync(file, 'utf8').split('\n');
    expect(half).toBe('{"time":"2026');
    expect(JSON.parse(whole)).toMatchObject({ boot: 1, number: 1, fault: 'throttle' });
  });

  it('leaves no trace without a plan', async () => {
    const heard = await outcome(dynamo().send(put()));

    expect([heard, echo.reached.length, existsSync(join(echo.folder, 'faults'))]).toEqual(['ok', 1, false]);
  });
});
