import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import { startGateway } from '../../../local/gateway/gateway.ts';
import { type EchoGateway, echoGateway, ROLE } from './echo-gateway.ts';

let echo: EchoGateway;

beforeEach(async () => {
  echo = await echoGateway();
});
afterEach(() => echo.remove());

function config(more: object = {}) {
  const credentials = echo.gateway.credentials(ROLE, 'test');
  return { endpoint: echo.gateway.endpoint, region: 'us-east-1', credentials, maxAttempts: 1, ...more };
}

function listTables(more: object = {}) {
  return new DynamoDBClient(config(more)).send(new ListTablesCommand({}));
}

function deleteObject(more: object = {}) {
  return new S3Client(config(more)).send(new DeleteObjectCommand({ Bucket: 'bucket', Key: "a/../ü '()" }));
}

describe('the gateway', () => {
  it('knows service and caller by the signature', async () => {
    const FunctionName = 'arn:aws:lambda:us-east-1:000000000000:function:f';
    await new LambdaClient(config()).send(new InvokeCommand({ FunctionName, Payload: Buffer.from('{"a":1}') }));
    await listTables({ credentials: echo.gateway.credentials(ROLE, 'other') });
    await deleteObject();

    const seen = echo.reached.map(({ service, caller }) => [service, caller.roleArn, caller.sessionName]);
    expect(seen).toEqual([
      ['lambda', ROLE, 'test'],
      ['dynamodb', ROLE, 'other'],
      ['s3', ROLE, 'test'],
    ]);
    expect((await echo.reached[0]?.readBody())?.toString()).toBe('{"a":1}');
  });

  it('listens on 127.0.0.1 alone', async () => {
    const port = new URL(echo.gateway.endpoint).port;

    expect(echo.gateway.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await expect(fetch(`http://[::1]:${port}/`)).rejects.toThrow('fetch failed');
    await expect(fetch(`http://127.0.0.2:${port}/`)).rejects.toThrow('fetch failed');
  });

  it('refuses a stranger and a wrong secret in the words of the service', async () => {
    const stranger = { credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' } };
    const { accessKeyId } = echo.gateway.credentials(ROLE, 'test');
    const forger = { credentials: { accessKeyId, secretAccessKey: 'x' } };

    await expect(listTables(stranger)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    await expect(deleteObject(stranger)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    await expect(listTables(forger)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    await expect(deleteObject(forger)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    expect(echo.reached).toEqual([]);
  });

  it.each([-16, 16])('refuses a clock that is %i minutes off', async (minutes) => {
    const off = { systemClockOffset: minutes * 60_000 };

    await expect(listTables(off)).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringMatching(minutes < 0 ? /^Signature expired: / : /^Signature not yet current: /),
    });
    await expect(deleteObject(off)).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
  });

  it.each([-14, 14])('forgives a clock that is %i minutes off', async (minutes) => {
    await listTables({ systemClockOffset: minutes * 60_000 });

    expect(echo.reached.length).toBe(1);
  });

  it('refuses another region', async () => {
    await expect(listTables({ region: 'eu-west-1' })).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    await expect(deleteObject({ region: 'eu-west-1' })).rejects.toMatchObject({
      name: 'AuthorizationHeaderMalformed',
      Region: 'us-east-1',
    });
  });

  it('answers an unsigned request as AWS does', async () => {
    const json = await fetch(echo.gateway.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB.X' },
      body: '{}',
    });
    const s3 = await fetch(`${echo.gateway.endpoint}/bucket/key`);
    const garbled = await fetch(echo.gateway.endpoint, {
      headers: { authorization: 'AWS4-HMAC-SHA256 x', 'x-amz-target': 'X' },
    });

    expect(await json.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
    expect([s3.status, await s3.text()]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
    expect(await garbled.json()).toMatchObject({ __type: 'IncompleteSignatureException' });
  });

  it('names a service that is not there', async () => {
    const input = { stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:x' };
    const call = new SFNClient(config()).send(new StartExecutionCommand(input));

    await expect(call).rejects.toMatchObject({
      name: 'UnknownServiceException',
      message: expect.stringContaining('states'),
    });
  });

  it('asks its hook before the service, and hands on what it says', async () => {
    const asked: string[] = [];
    echo.gateway.authorize(async ({ service, caller }) => {
      asked.push(`${service} ${caller.sessionName}`);
      throw new AwsError(service === 's3' ? 'AccessDenied' : 'AccessDeniedException', 'Not you.', { status: 403 });
    });

    await expect(listTables()).rejects.toMatchObject({ name: 'AccessDeniedException', message: 'Not you.' });
    await expect(deleteObject()).rejects.toMatchObject({ name: 'AccessDenied', message: 'Not you.' });

    expect(asked).toEqual(['dynamodb test', 's3 test']);
    expect(echo.reached).toEqual([]);
  });

  it('serves open paths without a signature', async () => {
    echo.gateway.openPath('/v4/', ({ path, query }) => ({ status: 200, body: JSON.stringify({ path, query }) }));

    const response = await fetch(`${echo.gateway.endpoint}/v4/abc/task?x=1`);

    expect(await response.json()).toEqual({ path: '/v4/abc/task', query: 'x=1' });
  });

  it('hides its own faults from clients, and tells the operator', async () => {
    const log: string[] = [];
    const gateway = await startGateway({ secretFile: join(echo.folder, 'secret'), log: (line) => log.push(line) });
    const fails = (signingName: string, fail: () => never | Record<string, string>) =>
      gateway.register({
        signingName,
        resources: {},
        handle: async () => ({ status: 200, headers: fail() }),
        close: async () => {},
      });
    fails('dynamodb', () => {
      throw new Error('inside');
    });
    fails('s3', () => ({ 'x-bad': 'line\nbreak' }));
    const { endpoint } = gateway;
    const credentials = gateway.credentials(ROLE, 'test');

    await expect(listTables({ endpoint, credentials })).rejects.toMatchObject({ name: 'InternalFailure' });
    await expect(deleteObject({ endpoint, credentials })).rejects.toMatchObject({ name: 'InternalError' });

    expect(log).toEqual([expect.stringContaining('inside'), expect.stringContaining('Invalid character in header')]);
    await gateway.close();
  });

  it('closes though clients keep their connections', async () => {
    const client = new DynamoDBClient(config());
    await client.send(new ListTablesCommand({}));

    await echo.gateway.close();

    await expect(fetch(echo.gateway.endpoint)).rejects.toThrow('fetch failed');
    client.destroy();
  });

  it('reports a port that is taken', async () => {
    const port = Number(new URL(echo.gateway.endpoint).port);

    const second = startGateway({ secretFile: join(echo.folder, 'secret'), port });

    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('access keys', () => {
  it('are the same for a role and session after a restart, and another data folder has others', async () => {
    const other = mkdtempSync(join(tmpdir(), 'outpost-gateway-'));
    const again = await startGateway({ secretFile: join(echo.folder, 'secret') });
    const elsewhere = await startGateway({ secretFile: join(other, 'secret') });
    const keys = (gateway: typeof again, session = 's') => gateway.credentials(ROLE, session);

    const first = keys(echo.gateway);

    expect(keys(again)).toEqual(first);
    expect(keys(again, 't').accessKeyId).not.toBe(first.accessKeyId);
    expect(keys(elsewhere).secretAccessKey).not.toBe(first.secretAccessKey);
    await Promise.all([again.close(), elsewhere.close()]);
    rmSync(other, { recursive: true });
  });
});
