import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiAnswer, ownAnswer } from './api-answer.ts';
import type { ApiRequest } from './api-request.ts';

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const MAX_DRAINED_BYTES = 64 * 1024 * 1024;
/** API Gateway takes 10,240 bytes of request line and headers. */
const MAX_HEADER_BYTES = 10_240;

export interface ListenOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host: string;
  /** Answers a request that was read whole. */
  readonly answer: (request: ApiRequest) => Promise<ApiAnswer>;
  /** Told of a request that could not be answered at all. */
  readonly onFault: (error: unknown) => void;
}

export interface Listener {
  /** `http://<host>:<port>` */
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Begins to listen. Rejects with the system's error, `code: 'EADDRINUSE'`, where the port is taken. */
export async function listen({ port, host, answer, onFault }: ListenOptions): Promise<Listener> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (message, response) => {
    // The client may leave at any time: there is nobody to answer then.
    message.on('error', () => response.destroy());
    serve(message, response, answer).catch((error: unknown) => {
      response.destroy();
      onFault(error);
    });
  });
  const address = await bound(server, port, host);
  return { url: `http://${host}:${address.port}`, close: () => closed(server) };
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  answer: (request: ApiRequest) => Promise<ApiAnswer>,
): Promise<void> {
  const requestId = randomUUID();
  const [path, query] = splitUrl(message.url ?? '/');
  if (path === undefined) return send(response, requestId, ownAnswer(400, 'Bad Request'));
  const body = await readBody(message);
  if (body === 'too large') {
    response.setHeader('connection', 'close');
    return send(response, requestId, ownAnswer(413, 'Request Entity Too Large'));
  }
  if (body !== 'cut off') send(response, requestId, await answer({ message, path, query, body, requestId }));
}

function splitUrl(url: string): [path: string | undefined, query: string] {
  const at = url.indexOf('?');
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  try {
    return [path.startsWith('/') ? decodeURIComponent(path) : undefined, query];
  } catch {
    // Not a percent-encoded path: the client is told so.
    return [undefined, query];
  }
}

/** Reads on, and throws away, a body that is too large: a client that is still sending would not hear the answer. */
async function readBody(message: IncomingMessage): Promise<Buffer | 'too large' | 'cut off'> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_DRAINED_BYTES) break;
      if (length > MAX_BODY_BYTES) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch {
    // The connection broke: nothing of a half request may reach a function.
    return 'cut off';
  }
  if (length > MAX_BODY_BYTES) return 'too large';
  return message.complete ? Buffer.concat(chunks) : 'cut off';
}

function send(response: ServerResponse, requestId: string, answer: ApiAnswer): void {
  if (response.destroyed) return;
  try {
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
    if (answer.cookies && answer.cookies.length > 0) response.setHeader('set-cookie', answer.cookies);
    response.setHeader('apigw-requestid', requestId);
    if (answer.status !== 204) response.setHeader('content-length', answer.body.length);
    response.writeHead(answer.status).end(answer.body);
  } catch (error) {
    // A header that HTTP cannot carry came from the function.
    if (!(error instanceof TypeError)) throw error;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    send(response, requestId, ownAnswer(500, 'Internal Server Error'));
  }
}

function bound(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
