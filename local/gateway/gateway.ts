import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { AwsRequest, AwsResponse, AwsService, Caller } from '../aws-service.ts';
import { AccessKeys, loadSecret } from './access-keys.ts';
import { checkSignature, identify, malformed, unsigned } from './authenticate.ts';
import { AwsError, asAwsError } from './aws-error.ts';
import { errorResponse } from './error-response.ts';
import { BUFFERED_LIMIT, bodyStream, collect, tooLarge } from './request-body.ts';
import { respond } from './respond.ts';
import { type Claim, queryPairs, readClaim, UNSIGNED_PAYLOAD } from './signature.ts';

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

/** The one port of the embedded AWS: knows service and caller by the signature, checks it, and forwards. */
export interface Gateway {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Adds a service; a second one of the same signing name is an error. */
  register(service: AwsService): void;
  /** Access keys by which the gateway knows a caller. Same role and session: same keys. */
  credentials(roleArn: string, sessionName: string): Caller;
  /** Sets what is asked about each request once its caller is known; it throws an `AwsError` to refuse. */
  authorize(hook: Authorize): void;
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
    openPath: (prefix, handler) => front.openPath(prefix, handler),
    close: () => stop(server),
  };
}

interface Target {
  readonly path: string;
  readonly query: string;
  readonly requestId: string;
}

class Front {
  readonly keys: AccessKeys;
  private readonly services = new Map<string, AwsService>();
  private readonly open: { prefix: string; handler: OpenHandler }[] = [];
  private authorize: Authorize | undefined;
  private readonly region: string;
  private readonly now: () => number;

  constructor(private readonly options: GatewayOptions) {
    this.keys = new AccessKeys(loadSecret(options.secretFile));
    this.region = options.region ?? 'us-east-1';
    this.now = options.now ?? Date.now;
  }

  register(service: AwsService): void {
    if (this.services.has(service.signingName))
      throw new Error(`The service ${service.signingName} is registered twice.`);
    this.services.set(service.signingName, service);
  }

  setAuthorize(hook: Authorize): void {
    this.authorize = hook;
  }

  openPath(prefix: string, handler: OpenHandler): void {
    this.open.push({ prefix, handler });
  }

  async serve(request: IncomingMessage, response: ServerResponse, proceed: () => void = () => {}): Promise<void> {
    const [path = '', query = ''] = splitOnce(request.url ?? '', '?');
    const target: Target = { path, query, requestId: randomUUID() };
    // A socket may die at any time; whoever reads or writes it learns so by itself.
    request.on('error', () => {});
    response.on('error', () => {});
    response.setHeader('x-amzn-requestid', target.requestId).setHeader('x-amz-request-id', target.requestId);
    let service = guessService(request);
    let answer: AwsResponse;
    try {
      const openPath = this.open.find(({ prefix }) => path.startsWith(prefix));
      if (openPath) {
        answer = await openPath.handler({ method: request.method ?? '', headers: request.headers, ...target });
      } else {
        const claim = claimOf(request, target, service);
        service = claim.service;
        answer = await this.forward(request, target, claim, proceed);
      }
    } catch (thrown) {
      const error = asAwsError(thrown);
      if (error.status >= 500) this.options.log?.(`${service} ${request.method} ${path}: ${describe(error)}`);
      answer = errorResponse(error, service, target.requestId, path);
    }
    await respond(request, response, answer);
  }

  private async forward(
    request: IncomingMessage,
    target: Target,
    claim: Claim,
    proceed: () => void,
  ): Promise<AwsResponse> {
    const service = this.services.get(claim.service);
    if (!service) {
      throw new AwsError(
        'UnknownServiceException',
        `The embedded AWS has no service that signs as '${claim.service}'.`,
        { status: 404 },
      );
    }
    const caller = identify(this.keys, claim, this.region, this.now());
    const method = request.method ?? '';
    const parts = { method, path: target.path, query: target.query, headers: request.headers };
    const body =
      claim.service === 's3'
        ? streamedBody(
            request,
            target,
            claim,
            (payloadHash) => checkSignature(caller, claim, { ...parts, payloadHash }),
            proceed,
          )
        : await bufferedBody(
            request,
            (payloadHash) => checkSignature(caller, claim, { ...parts, payloadHash }),
            proceed,
          );
    const forwarded: AwsRequest = { service: claim.service, ...parts, caller, requestId: target.requestId, ...body };
    try {
      await this.authorize?.(forwarded);
      return await service.handle(forwarded);
    } finally {
      if (!forwarded.stream.readableEnded) forwarded.stream.destroy();
    }
  }
}

type Body = Pick<AwsRequest, 'stream' | 'readBody'>;

/** A whole body, hashed and checked before anybody sees it. */
async function bufferedBody(
  request: IncomingMessage,
  check: (payloadHash: string) => void,
  proceed: () => void,
): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > BUFFERED_LIMIT) throw tooLarge();
  proceed();
  const bytes = await collect(bodyStream(request));
  check(createHash('sha256').update(bytes).digest('hex'));
  return { stream: Readable.from([bytes]), readBody: async () => bytes };
}

/** A body that flows on: its signature is checked first, its hash at its end. */
function streamedBody(
  request: IncomingMessage,
  target: Target,
  claim: Claim,
  check: (payloadHash: string) => void,
  proceed: () => void,
): Body {
  const payloadHash = declaredHash(request, target, claim);
  check(payloadHash);
  proceed();
  const stream = bodyStream(request, /^[0-9a-f]{64}$/.test(payloadHash) ? payloadHash : undefined);
  return { stream, readBody: () => collect(stream) };
}

function declaredHash(request: IncomingMessage, target: Target, claim: Claim): string {
  const header = request.headers['x-amz-content-sha256'];
  if (claim.expires === undefined) {
    if (typeof header === 'string') return header;
    throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const inQuery = queryPairs(target.query).find(([name]) => name.toLowerCase() === 'x-amz-content-sha256')?.[1];
  return inQuery ?? (typeof header === 'string' ? header : UNSIGNED_PAYLOAD);
}

function claimOf(request: IncomingMessage, target: Target, service: string): Claim {
  let claim: ReturnType<typeof readClaim>;
  try {
    if (!target.path.startsWith('/')) throw new URIError('The path does not begin with a slash.');
    for (const part of [target.path, target.query]) decodeURIComponent(part);
    claim = readClaim(request.headers, target.query);
  } catch (cause) {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { cause });
  }
  if (claim === undefined) throw unsigned(service);
  if (claim === 'malformed') throw malformed(service);
  return claim;
}

/** For requests without a readable signature: the JSON services name their target, S3 never does. */
function guessService(request: IncomingMessage): string {
  return request.headers['x-amz-target'] === undefined ? 's3' : 'json';
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
