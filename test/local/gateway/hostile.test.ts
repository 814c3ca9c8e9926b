import { connect, type Socket } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EchoGateway, echoGateway, ROLE } from './echo-gateway.ts';

const MIB = 1024 ** 2;
let echo: EchoGateway;
let port: number;

beforeEach(async () => {
  echo = await echoGateway();
  port = Number(new URL(echo.gateway.endpoint).port);
});

afterEach(async () => {
  const credentials = echo.gateway.credentials(ROLE, 'after');
  const client = new DynamoDBClient({ endpoint: echo.gateway.endpoint, region: 'us-east-1', credentials });
  echo.reached.length = 0;
  await client.send(new ListTablesCommand({}));
  client.destroy();
  expect(echo.reached.length, 'requests served after the attack').toBe(1);
  await echo.remove();
});

/** Sends bytes as they are and collects what comes back until the connection ends. */
function exchange(write: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => write(socket));
    socket.on('data', (chunk) => (answer += chunk));
    // A peer that has answered may reset what is still being sent to it.
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    socket.on('close', () => resolve(answer));
  });
}

async function presignedPut(): Promise<string> {
  const credentials = echo.gateway.credentials(ROLE, 'test');
  const client = new S3Client({ endpoint: echo.gateway.endpoint, region: 'us-east-1', credentials });
  const url = new URL(await getSignedUrl(client, new PutObjectCommand({ Bucket: 'bucket', Key: 'key' })));
  return `PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`;
}

/** Writes blocks for as long as the other side takes them, and says how many bytes went out. */
function flood(socket: Socket, total: number): { readonly sent: number } {
  const block = Buffer.alloc(MIB);
  const state = { sent: 0 };
  const more = () => {
    while (!socket.destroyed && state.sent < total) {
      state.sent += block.length;
      if (!socket.write(block)) return void socket.once('drain', more);
    }
  };
  more();
  return state;
}

describe('a hostile client', () => {
  it.each([
    ['that speaks no HTTP', '\u0016\u0003\u0001\u0000hello\r\n\r\n'],
    ['with a length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n'],
    ['with a negative length', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['with two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    [
      'with a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['with a control byte in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: \u0000\r\n\r\n'],
  ])('%s gets an error in the shape of AWS', async (_, request) => {
    const answer = await exchange((socket) => socket.end(request));

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('<Error><Code>BadRequest</Code>');
  });

  it.each([
    ['10,000 headers', Array.from({ length: 10_000 }, (_, i) => `x-${i}: y\r\n`).join('')],
    ['a header of a mebibyte', `x: ${'y'.repeat(MIB)}\r\n`],
  ])('with %s is refused', async (_, headers) => {
    const answer = await exchange((socket) => socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${headers}\r\n`));

    expect(answer).toContain('<Code>RequestHeaderSectionTooLarge</Code>');
  });

  it.each(['/%', '/bucket/%ff', '/bucket?x=%c3%28', 'http://other/bucket', '*'])(
    'with a path that is none is refused: %s',
    async (path) => {
      const answer = await exchange((socket) =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      );

      expect(answer).toContain('<Code>InvalidURI</Code>');
    },
  );

  it('that leaves in the middle of a request reaches no service', async () => {
    const head = await presignedPut();

    const cut = [
      'PUT /bucket/key HTT',
      'PUT /bucket/key HTTP/1.1\r\nHost: x\r\nConte',
      `${head}Content-Length: 100\r\n\r\n`,
      `${head}Content-Length: 100\r\n\r\n0123456789`,
      `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe`,
    ];
    await Promise.all(
      cut.map((text) => exchange((socket) => socket.write(text, () => socket.resetAndDestroy())).catch(() => '')),
    );
    await Promise.all(cut.map((text) => exchange((socket) => socket.end(text))));

    expect(echo.reached).toEqual([]);
  });

  it('with a body of 1 GiB and no signature is answered long before its end', async () => {
    let flooded = { sent: 0 };
    const answer = await exchange((socket) => {
      socket.write(`PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: ${1024 * MIB}\r\n\r\n`);
      flooded = flood(socket, 64 * MIB);
      socket.once('data', () => socket.destroy());
    });

    expect(answer).toContain('<Code>AccessDenied</Code>');
    expect(flooded.sent).toBeLessThan(64 * MIB);
  });

  it('with a known key and a body of 1 GiB for a JSON service is refused, announced or not', async () => {
    const { accessKeyId } = echo.gateway.credentials(ROLE, 'test');
    const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = `${accessKeyId}/${date.slice(0, 8)}/us-east-1/dynamodb/aws4_request`;
    const head =
      'POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n' +
      `X-Amz-Date: ${date}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=x\r\n`;

    const announced = await exchange((socket) => {
      socket.write(`${head}Content-Length: ${1024 * MIB}\r\n\r\n`);
      socket.once('data', () => socket.destroy());
    });
    const chunked = await exchange((socket) => {
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n40000000\r\n`);
      flood(socket, 1024 * MIB);
      socket.once('data', () => socket.destroy());
    });

    for (const answer of [announced, chunked]) {
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain('"__type":"RequestEntityTooLargeException"');
    }
    expect(echo.reached).toEqual([]);
  });

  it('that asks before it sends is told not to', async () => {
    const answer = await exchange((socket) =>
      socket.write('PUT /b/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n', () =>
        socket.once('data', () => socket.destroy()),
      ),
    );

    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('with hundreds of connections that say nothing keeps nobody else out', async () => {
    const idle = Array.from({ length: 300 }, () => connect(port, '127.0.0.1'));

    const response = await fetch(`${echo.gateway.endpoint}/bucket`);

    expect(response.status).toBe(403);
    for (const socket of idle) socket.destroy();
  });
});
