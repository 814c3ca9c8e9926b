import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RouteMatch } from './routes.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The content types whose body arrives as text; any other, and none, arrives in base64, forms too. */
const TEXT_TYPES = /^(text\/.*|application\/(json|xml|javascript))$/;
/** API Gateway takes these for itself, and gives cookies a field of their own. */
const LEFT_OUT = new Set(['cookie', 'connection', 'transfer-encoding', 'keep-alive', 'upgrade']);

export interface ApiPlace {
  readonly apiId: string;
  readonly accountId: string;
  readonly stage: string;
}

/** A request as the listener has read it. */
export interface ApiRequest {
  readonly message: IncomingMessage;
  /** Decoded, as HTTP APIs hand it on. */
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  readonly requestId: string;
}

/** The event of payload format 2.0 ("Create AWS Lambda proxy integrations for HTTP APIs in API Gateway"). */
export function payloadOf(request: ApiRequest, { route, pathParameters }: RouteMatch, place: ApiPlace) {
  const { message, path, query, body } = request;
  const headers = joinedHeaders(message);
  const cookies = (message.headers.cookie ?? '').split(/; ?/).filter((cookie) => cookie !== '');
  const now = new Date();
  const domainName = message.headers.host ?? '';
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(query !== '' && { queryStringParameters: joinedParameters(query) }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: {
      accountId: place.accountId,
      apiId: place.apiId,
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method: message.method ?? '',
        path,
        protocol: `HTTP/${message.httpVersion}`,
        sourceIp: message.socket.remoteAddress ?? '',
        userAgent: message.headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: route.key,
      stage: place.stage,
      time: logTime(now),
      timeEpoch: now.getTime(),
    },
    ...bodyOf(body, headers['content-type']),
  };
}

function bodyOf(body: Buffer, contentType = '') {
  if (body.length === 0) return { isBase64Encoded: false };
  const [type = ''] = contentType.split(';');
  const isText = TEXT_TYPES.test(type.trim().toLowerCase());
  return isText
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
}

function joinedHeaders(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values && !LEFT_OUT.has(name)) headers[name] = values.join(',');
  }
  headers['x-amzn-trace-id'] ??=
    `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
  const address = message.socket.remoteAddress ?? '';
  headers['x-forwarded-for'] = [headers['x-forwarded-for'], address].filter(Boolean).join(', ');
  headers['x-forwarded-port'] = String(message.socket.localPort ?? '');
  headers['x-forwarded-proto'] = 'http';
  return headers;
}

function joinedParameters(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const before = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    parameters[name] = before === undefined ? value : `${before},${value}`;
  }
  return parameters;
}

/** `21/Nov/2026:01:13:00 +0000` */
function logTime(time: Date): string {
  const day = String(time.getUTCDate()).padStart(2, '0');
  return `${day}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${time.toISOString().slice(11, 19)} +0000`;
}
