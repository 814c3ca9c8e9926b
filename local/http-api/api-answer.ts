import { z } from 'zod';

/** What goes back to the client. Several cookies are several `set-cookie` headers. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body: Buffer;
}

/** How an answer is framed is not the function's to say. */
const CONNECTION_HEADERS = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade']);

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const FunctionAnswer = z.object({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), Scalar).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(Scalar)).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** An answer of API Gateway itself. */
export function ownAnswer(status: number, message: string): ApiAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message }), 'utf8'),
  };
}

export const INTERNAL_SERVER_ERROR = ownAnswer(500, 'Internal Server Error');

/**
 * Renders what a function answered in payload format 2.0: with `statusCode` it is an answer as it stands, without, it
 * is the JSON body of a 200. What cannot be rendered is a 500, as in API Gateway.
 */
export function renderAnswer(payload: string): ApiAnswer {
  const value: unknown = JSON.parse(payload === '' ? 'null' : payload);
  if (typeof value !== 'object' || value === null || !('statusCode' in value)) {
    const body = Buffer.from(typeof value === 'string' ? value : payload, 'utf8');
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }
  const parsed = FunctionAnswer.safeParse(value);
  if (!parsed.success) return INTERNAL_SERVER_ERROR;
  const { statusCode, headers, multiValueHeaders, cookies, body, isBase64Encoded } = parsed.data;
  return {
    status: statusCode,
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...lowerCased(multiValueHeaders, headers) },
    cookies: cookies ?? [],
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
}

function lowerCased(
  multiValueHeaders: Readonly<Record<string, readonly unknown[]>> | null | undefined,
  headers: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, string> {
  const joined = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name, values.join(',')] as const);
  const all = [...joined, ...Object.entries(headers ?? {})].map(([name, value]) => [name.toLowerCase(), String(value)]);
  return Object.fromEntries(all.filter(([name]) => !CONNECTION_HEADERS.has(name ?? '')));
}
