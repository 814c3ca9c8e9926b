import { connect, type Socket } from 'node:net';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createHttpApi } from '../../../local/http-api/http-api-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { type Embedded, functionProperties, startEmbedded, writeCode } from '../lambda/embedded.ts';

const SOURCE = `
export const handler = async (event) => {
  const answer = event.queryStringParameters?.answer;
  if (answer === 'throw') throw new Error('no');
  if (answer === 'hang') await new Promise(() => {});
  return answer === undefined ? event : JSON.parse(answer);
};`;

let embedded: Embedded;
let lambda: AwsService;
let api: AwsService;
let url: string;
let apiId: string;

beforeAll(async () => {
  embedded = await startEmbedded();
  embedded.add(await createLogs(embedded.aws));
  const runtimePath = await bundleRuntime(embedded.folder);
  lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
  api = embedded.add(await createHttpApi(embedded.aws, { port: 0 }));
  const properties = functionProperties(writeCode(embedded.folder, 'Api', SOURCE), {
    FunctionName: 'Api',
    Timeout: 10,
  });
  const { attributes } = await embedded.create(lambda, 'AWS::Lambda::Function', 'Api', properties);
  const CorsConfiguration = {
    AllowOrigins: ['https://console.example'],
    AllowMethods: ['GET'],
    AllowHeaders: ['x-api-key'],
    MaxAge: 60,
  };
  const created = await embedded.create(api, 'AWS::ApiGatewayV2::Api', 'HttpApi', {
    Name: 'api',
    ProtocolType: 'HTTP',
    CorsConfiguration,
  });
  apiId = created.ref;
  url = created.attributes?.['ApiEndpoint'] ?? '';
  await embedded.create(lambda, 'AWS::Lambda::Permission', 'Permission', {
    Action: 'lambda:InvokeFunction',
    FunctionName: attributes?.['Arn'],
    Principal: 'apigateway.amazonaws.com',
    SourceArn: `arn:aws:execute-api:us-east-1:000000000000:${apiId}/*/*`,
  });
  const IntegrationUri = attributes?.['Arn'] ?? '';
  const Target = `integrations/${await createIntegration('Integration', { IntegrationUri })}`;
  const hasty = `integrations/${await createIntegration('Hasty', { IntegrationUri, TimeoutInMillis: 200 })}`;
  const keys = [
    'GET /dispatch/{id}',
    'POST /dispatch',
    'ANY /dispatch/{id}',
    'GET /files/{proxy+}',
    'GET /files/fixed/{name}',
    'ANY /',
  ];
  for (const RouteKey of keys) await createRoute({ RouteKey, Target });
  await createRoute({ RouteKey: 'GET /hasty', Target: hasty });
  await embedded.create(api, 'AWS::ApiGatewayV2::Stage', 'Stage', {
    ApiId: apiId,
    StageName: '$default',
    AutoDeploy: true,
  });
});

afterAll(() => embedded.destroy());

async function createIntegration(logicalId: string, more: object): Promise<string> {
  const fixed = { ApiId: apiId, IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' };
  return (await embedded.create(api, 'AWS::ApiGatewayV2::Integration', logicalId, { ...fixed, ...more })).ref;
}

function createRoute(properties: { RouteKey: string; Target: string }) {
  const fixed = { ApiId: apiId, AuthorizationType: 'NONE' };
  return embedded.create(api, 'AWS::ApiGatewayV2::Route', properties.RouteKey, { ...fixed, ...properties });
}

async function eventOf(path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init);
  return (await response.json()) as APIGatewayProxyEventV2;
}

function answering(value: unknown) {
  return fetch(`${url}/?answer=${encodeURIComponent(JSON.stringify(value))}`);
}

describe('an HTTP API', () => {
  it('answers 503 until it is ready', async () => {
    const before = await fetch(url);
    await api.ready?.();
    const after = await fetch(url);

    expect([before.status, await before.json()]).toEqual([503, { message: 'Service Unavailable' }]);
    expect(after.status).toBe(200);
  });

  it('refuses a port that is taken with the error of the system', async () => {
    const port = Number(new URL(url).port);

    await expect(createHttpApi(embedded.aws, { port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  });

  it('hands a request on in payload format 2.0', async () => {
    const event = await eventOf('/dispatch/a%20b?x=1&x=2&y=%C3%BC', {
      headers: { 'X-API-Key': 'secret', Cookie: 'a=1; b=2', 'user-agent': 'test' },
    });

    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /dispatch/{id}',
      rawPath: '/dispatch/a b',
      rawQueryString: 'x=1&x=2&y=%C3%BC',
      queryStringParameters: { x: '1,2', y: 'ü' },
      pathParameters: { id: 'a b' },
      cookies: ['a=1', 'b=2'],
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId,
        http: { method: 'GET', path: '/dispatch/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
        routeKey: 'GET /dispatch/{id}',
        stage: '$default',
      },
    });
    expect(event.headers).toMatchObject({
      'x-api-key': 'secret',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event).not.toHaveProperty('body');
    expect(event.requestContext.time).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  });

  it('leaves out what a request does not have', async () => {
    const event = await eventOf('/');

    for (const field of ['cookies', 'queryStringParameters', 'pathParameters', 'body'])
      expect(event).not.toHaveProperty(field);
    expect(event.rawQueryString).toBe('');
  });

  it.each([
    ['application/json', 'text'],
    ['application/json; charset=utf-8', 'text'],
    ['text/plain', 'text'],
    ['application/octet-stream', 'base64'],
    ['application/x-www-form-urlencoded', 'base64'],
  ])('hands on a body of %s as %s', async (contentType, form) => {
    const event = await eventOf('/dispatch', {
      method: 'POST',
      body: '{"täsk":1}',
      headers: { 'content-type': contentType },
    });

    const expected = form === 'text' ? '{"täsk":1}' : Buffer.from('{"täsk":1}').toString('base64');
    expect(event).toMatchObject({ body: expected, isBase64Encoded: form === 'base64' });
  });

  it.each([
    ['GET', '/dispatch/x', 'GET /dispatch/{id}', { id: 'x' }],
    ['DELETE', '/dispatch/x', 'ANY /dispatch/{id}', { id: 'x' }],
    ['GET', '/files/a/b/c', 'GET /files/{proxy+}', { proxy: 'a/b/c' }],
    ['GET', '/files/fixed/name', 'GET /files/fixed/{name}', { name: 'name' }],
    ['GET', '/files/fixed/name/more', 'GET /files/{proxy+}', { proxy: 'fixed/name/more' }],
  ])('routes %s %s to the most specific route, %s', async (method, path, routeKey, pathParameters) => {
    expect(await eventOf(path, { method })).toMatchObject({ routeKey, pathParameters });
  });

  it.each([
    ['GET', '/nowhere'],
    ['GET', '/dispatch'],
    ['DELETE', '/files/x'],
    ['GET', '/files/'],
    ['GET', '/dispatch/x/'],
  ])('answers %s %s with 404', async (method, path) => {
    const response = await fetch(`${url}${path}`, { method });

    expect([response.status, await response.json()]).toEqual([404, { message: 'Not Found' }]);
  });

  it('passes on status, headers, cookies and body of the function', async () => {
    const response = await answering({
      statusCode: 201,
      headers: { 'X-Id': 7 },
      cookies: ['a=1', 'b=2; Path=/'],
      body: 'made',
    });

    expect(response.status).toBe(201);
    expect(response.headers.get('x-id')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2; Path=/']);
    expect(response.headers.get('content-type')).toBe('text/plain;charset=UTF-8');
    expect(await response.text()).toBe('made');
  });

  it('frames an answer itself, whatever headers the function sets', async () => {
    const headers = { 'Content-Length': 1, 'transfer-encoding': 'chunked', connection: 'close' };

    const response = await answering({ statusCode: 200, headers, body: 'whole' });

    expect(await response.text()).toBe('whole');
    expect(response.headers.get('content-length')).toBe('5');
  });

  it('decodes a body in base64', async () => {
    const body = Buffer.from([0, 255, 10]).toString('base64');

    const response = await answering({ statusCode: 200, isBase64Encoded: true, body });

    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0, 255, 10]));
  });

  it.each([
    ['an object', { a: 1 }, '{"a":1}'],
    ['a text', 'hello', 'hello'],
    ['a list', [1], '[1]'],
    ['null', null, 'null'],
  ])('makes a 200 in JSON of %s without a status', async (_what, value, body) => {
    const response = await answering(value);

    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'application/json',
      body,
    ]);
  });

  it.each([
    ['throws', '/?answer=throw'],
    ['answers a status that ends nothing', `/?answer=${encodeURIComponent('{"statusCode":100}')}`],
    [
      'answers a cookie that HTTP cannot carry',
      `/?answer=${encodeURIComponent('{"statusCode":200,"cookies":["a=\\n"]}')}`,
    ],
    ['answers a status that is none', `/?answer=${encodeURIComponent('{"statusCode":"many"}')}`],
    ['answers a body that is not text', `/?answer=${encodeURIComponent('{"statusCode":200,"body":{"a":1}}')}`],
    [
      'answers a header that HTTP cannot carry',
      `/?answer=${encodeURIComponent('{"statusCode":200,"headers":{"a":"x\\ny"}}')}`,
    ],
  ])('answers 500 where the function %s', async (_what, path) => {
    const response = await fetch(`${url}${path}`);

    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });

  it('answers 503 where the function takes longer than the integration allows', async () => {
    const response = await fetch(`${url}/hasty?answer=hang`);

    expect([response.status, await response.json()]).toEqual([503, { message: 'Service Unavailable' }]);
  });

  it.each(['with its length', 'in chunks'])('answers 413 to a body over 10 MB, sent %s', async (how) => {
    const bytes = new Uint8Array(11 * 1024 * 1024);
    const init = how === 'in chunks' ? { body: new Blob([bytes]).stream(), duplex: 'half' } : { body: bytes };

    const response = await fetch(`${url}/dispatch`, { method: 'POST', ...init } as RequestInit);

    expect([response.status, await response.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
  });

  it('answers a preflight itself, and marks answers for the origins it knows', async () => {
    const origin = { origin: 'https://console.example' };
    const preflight = await fetch(`${url}/dispatch/x`, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': 'GET' },
    });
    const known = await fetch(url, { headers: origin });
    const unknown = await fetch(url, { headers: { origin: 'https://other.example' } });

    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': 'https://console.example',
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'x-api-key',
      'access-control-max-age': '60',
    });
    expect(known.headers.get('access-control-allow-origin')).toBe('https://console.example');
    expect(unknown.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    'GET /%E0%A4%A HTTP/1.1\r\nHost: x\r\n\r\n',
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  ])('answers 4xx to %.30j', async (text) => {
    const answer = await speak(text);

    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('does not hand on half a request', async () => {
    const handle = vi.spyOn(lambda, 'handle');
    const socket = open('POST /dispatch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
    await new Promise((resolve) => socket.once('connect', resolve));

    socket.destroy();

    expect((await fetch(url)).status).toBe(200);
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('answers hundreds of requests at once', async () => {
    const responses = await Promise.all(Array.from({ length: 300 }, () => fetch(url)));

    expect(new Set(responses.map((response) => response.status))).toEqual(new Set([200]));
  });
});

describe('the resources of an HTTP API', () => {
  it.each([
    ['a second API', 'Api', { Name: 'two', ProtocolType: 'HTTP' }, /one HTTP API only/],
    ['a WebSocket API', 'Api', { Name: 'two', ProtocolType: 'WEBSOCKET' }, /ProtocolType/],
    ['a named stage', 'Stage', { StageName: 'prod' }, /StageName/],
    [
      'an authorizer',
      'Route',
      { RouteKey: 'GET /x', Target: 'integrations/x', AuthorizationType: 'JWT' },
      /AuthorizationType/,
    ],
    ['a route to nowhere', 'Route', { RouteKey: 'GET /x', Target: 'integrations/x' }, /no integration 'x'/],
    ['a route key that is none', 'Route', { RouteKey: 'FETCH /x', Target: 'integrations/x' }, /RouteKey/],
    [
      'format 1.0',
      'Integration',
      { IntegrationType: 'AWS_PROXY', IntegrationUri: 'x', PayloadFormatVersion: '1.0' },
      /PayloadFormatVersion/,
    ],
  ])('are refused: %s', async (_what, type, properties, message) => {
    const more = type === 'Api' ? {} : { ApiId: apiId };

    await expect(embedded.create(api, `AWS::ApiGatewayV2::${type}`, 'X', { ...more, ...properties })).rejects.toThrow(
      message,
    );
  });

  it('are checked at boot: a function that does not let API Gateway in is named with its route', async () => {
    const other = await createHttpApi(embedded.aws, { port: 0 });
    const { ref: ApiId } = await embedded.create(other, 'AWS::ApiGatewayV2::Api', 'Other', {
      Name: 'o',
      ProtocolType: 'HTTP',
    });
    const IntegrationUri = 'arn:aws:lambda:us-east-1:000000000000:function:Api';
    const fixed = { ApiId, IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0', IntegrationUri };
    const { ref } = await embedded.create(other, 'AWS::ApiGatewayV2::Integration', 'OtherIntegration', fixed);
    const route = { ApiId, RouteKey: 'GET /secret', Target: `integrations/${ref}` };
    await embedded.create(other, 'AWS::ApiGatewayV2::Route', 'OtherRoute', route);

    await expect(other.verify?.()).rejects.toThrow(
      /route GET \/secret: User: apigateway\.amazonaws\.com is not authorized/,
    );
    await other.close();
  });
});

describe('an HTTP API that answers everything with 404', () => {
  it.each([
    ['no route', false],
    ['no stage', true],
  ])('is refused at boot: it has %s', async (fault, routed) => {
    const other = await createHttpApi(embedded.aws, { port: 0 });
    const { ref: ApiId } = await embedded.create(other, 'AWS::ApiGatewayV2::Api', 'Bare', {
      Name: 'bare',
      ProtocolType: 'HTTP',
    });
    if (routed) await routeTo(other, ApiId);
    else await embedded.create(other, 'AWS::ApiGatewayV2::Stage', 'BareStage', { ApiId, StageName: '$default' });

    await expect(other.verify?.()).rejects.toThrow(`The HTTP API Bare (bare) has ${fault}`);
    await other.close();
  });
});

async function routeTo(other: AwsService, ApiId: string): Promise<void> {
  const FunctionName = 'arn:aws:lambda:us-east-1:000000000000:function:Api';
  const SourceArn = `arn:aws:execute-api:us-east-1:000000000000:${ApiId}/*/*`;
  const permission = {
    Action: 'lambda:InvokeFunction',
    FunctionName,
    Principal: 'apigateway.amazonaws.com',
    SourceArn,
  };
  await embedded.create(lambda, 'AWS::Lambda::Permission', 'BarePermission', permission);
  const integration = {
    ApiId,
    IntegrationType: 'AWS_PROXY',
    PayloadFormatVersion: '2.0',
    IntegrationUri: FunctionName,
  };
  const { ref } = await embedded.create(other, 'AWS::ApiGatewayV2::Integration', 'BareIntegration', integration);
  const route = { ApiId, RouteKey: 'GET /', Target: `integrations/${ref}` };
  await embedded.create(other, 'AWS::ApiGatewayV2::Route', 'BareRoute', route);
}

function open(text: string): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(text);
  return socket;
}

function speak(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(text);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
}
