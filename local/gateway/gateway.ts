import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { AwsRequest, AwsResponse, AwsService, Caller } from '../aws-service.ts';
import { AccessKeys, loadSecret } from './access-keys.ts';
import { identify } from './authenticate.ts';
import { AwsError, asAwsError } from './aws-error.ts';
import { errorResponse } from './error-response.ts';
import { respond } from './respond.ts';
import type { Claim } from './signature.ts';
import { claimOf, guessService, type Incoming, verified } from './signed-request.ts';

export interface GatewayOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** File of the secret that access keys are derived from; made where it is missing. */
  readonly secretFile: string;
  /** @default us-east-1 */
  readonly region?: string;
  /** One line for the operator's log: faults of ours, never a client's. */
  readonly log?: (line: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** What a handler of an open path sees of a request. */
export type OpenRequest = Pick<AwsRequest, 'method' | 'path' | 'query' | 'headers' | 'requestId'>;
export type OpenHandler = (request: OpenRequest) => Promise<AwsResponse> | AwsResponse;
export type Authorize = (request: AwsRequest) => Promise<void>;

/** A request that its caller may make, before its service gets it. */
export interface Intercepted {
  readonly request: AwsRequest;
  /** Lets the service do it. */
  handle(): Promise<AwsResponse>;
  /** Ends the connection; what it resolves to reaches nobody. */
  cut(): Promise<AwsResponse>;
}
export type Intercept = (intercepted: Intercepted) => Promise<AwsResponse>;

/** The one port of the embedded AWS: knows service and caller by the signature, checks it, and forwards. */
export interface Gateway {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Adds a service; a second one of the same signing name is an error. */
  register(service: AwsService): void;
  /** Access keys by which the gateway knows a caller. Same role and session: same keys. */
  credentials(roleArn: string, sessionName: string): Caller;
  /**
   * Sets what is asked about each request once its caller is known; it throws an `AwsError` to refuse. It must leave the
   * body of an S3 request alone, which flows.
   */
  authorize(hook: Authorize): void;
  /** Sets what stands between callers and services. As `authorize`, it must leave the body of an S3 request alone. */
  intercept(hook: Intercept): void;
  /** Serves unsigned requests whose path begins with `prefix`. */
  openPath(prefix: string, handler: OpenHandler): void;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. Rejects with the system's error where the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const front = new Front(options);
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 0, keepAliveTimeout: 75_000 });
  server.on('request', (request, response) => void front.serve(request, response));
  server.on(
    'checkContinue',
    (request, response) => void front.serve(request, response, () => response.writeContinue()),
  );
  server.on('clientError', refuseGarbage);
  const { port } = await listen(server, options.port ?? 0);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    register: (service) => front.register(service),
    credentials: (roleArn, sessionName) => front.keys.issue(roleArn, sessionName),
    authorize: (hook) => front.setAuthorize(hook),
    intercept: (hook) => front.setIntercept(hook),
    openPath: (prefix, handler) => front.openPath(prefix, handler),
    close: () => stop(server),
  };
}

class Front {
  readonly keys: AccessKeys;
  private readonly services = new Map<string, AwsService>();
  private readonly open: { prefix: string; handler: OpenHandler }[] = [];
  private authorize: Authorize | undefined;
  private intercept: Intercept | undefined;

  constructor(private readonly options: GatewayOptions) {
    this.keys = new AccessKeys(loadSecret(options.secretFile));
  }

  register(service: AwsService): void {
    if (this.services.has(service.signingName)) {
      throw new Error(`The service ${service.signingName} is registered twice.`);
    }
    this.services.set(service.signingName, service);
  }

  setAuthorize(hook: Authorize): void {
    this.authorize = hook;
  }

  setIntercept(hook: Intercept): void {
    this.intercept = hook;
  }

  openPath(prefix: string, handler: OpenHandler): void {
    this.open.push({ prefix, handler });
  }

  async serve(request: IncomingMessage, response: ServerResponse, proceed: () => void = () => {}): Promise<void> {
    const [path = '', query = ''] = splitOnce(request.url ?? '', '?');
    const requestId = randomUUID();
    const incoming: Incoming = { request, method: request.method ?? '', path, query, requestId, proceed };
    // A socket may die at any time; whoever reads or writes it learns so by itself.
    request.on('error', () => {});
    response.on('error', () => {});
    response.setHeader('x-amzn-requestid', requestId).setHeader('x-amz-request-id', requestId);
    try {
      await respond(request, response, await this.answer(incoming));
    } catch (error) {
      // What a service answered is no HTTP, such as a header with a line break in it.
      const failure = this.refuse(error, guessService(request), incoming);
      if (response.headersSent) response.destroy();
      else await respond(request, response, failure);
    }
  }

  private async answer(incoming: Incoming): Promise<AwsResponse> {
    let service = guessService(incoming.request);
    try {
      const open = this.open.find(({ prefix }) => incoming.path.startsWith(prefix));
      if (open) return await open.handler({ ...incoming, headers: incoming.request.headers });
      const claim = claimOf(incoming);
      service = claim.service;
      return await this.forward(incoming, claim);
    } catch (error) {
      return this.refuse(error, service, incoming);
    }
  }

  private async forward(incoming: Incoming, claim: Claim): Promise<AwsResponse> {
    const service = this.services.get(claim.service);
    if (!service) {
      const message = `The embedded AWS has no service that signs as '${claim.service}'.`;
      throw new AwsError('UnknownServiceException', message, { status: 404 });
    }
    const { region = 'us-east-1', now = Date.now } = this.options;
    const caller = identify(this.keys, claim, region, now());
    const request = await verified(incoming, claim, caller);
    try {
      await this.authorize?.(request);
      if (!this.intercept) return await service.handle(request);
      const { socket } = incoming.request;
      return await this.intercept({ request, handle: () => service.handle(request), cut: () => cut(socket) });
    } finally {
      if (!request.stream.readableEnded) request.stream.destroy();
    }
  }

  private refuse(thrown: unknown, service: string, { method, path, requestId }: Incoming): AwsResponse {
    const error = asAwsError(thrown);
    if (error.status >= 500) this.options.log?.(`${service} ${method} ${path}: ${describe(error)}`);
    return errorResponse(error, service, requestId, path);
  }
}

/** What was to be sent is dropped with the socket. */
async function cut(socket: Socket): Promise<AwsResponse> {
  if (!socket.closed) await once(socket.destroy(), 'close');
  return { status: 500 };
}

/** Answers what Node's parser refuses: no HTTP, too many headers, wrong lengths. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) return void socket.destroy();
  const tooMany = error.code === 'HPE_HEADER_OVERFLOW';
  const refusal = tooMany
    ? new AwsError('RequestHeaderSectionTooLarge', 'Your request header section exceeds the maximum allowed size.')
    : new AwsError('BadRequest', 'The request could not be understood: it is not well-formed HTTP.');
  const { body } = errorResponse(refusal, 's3', randomUUID(), '/');
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/xml',
    `content-length: ${Buffer.byteLength(String(body))}`,
  ];
  socket.end([...head, 'connection: close', '', body].join('\r\n'));
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function describe(error: AwsError): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
}
