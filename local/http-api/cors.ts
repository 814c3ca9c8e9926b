import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { ApiAnswer } from './api-answer.ts';

export const CorsConfiguration = z.strictObject({
  AllowCredentials: z.boolean().default(false),
  AllowHeaders: z.array(z.string()).default([]),
  AllowMethods: z.array(z.string()).default([]),
  AllowOrigins: z.array(z.string()).default([]),
  ExposeHeaders: z.array(z.string()).default([]),
  MaxAge: z.coerce.number().int().optional(),
});

type Cors = z.output<typeof CorsConfiguration>;

/** Whether API Gateway answers a request itself: with CORS configured, no preflight reaches a function. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

export function answerPreflight(cors: Cors, request: IncomingMessage): ApiAnswer {
  return { status: 204, headers: corsHeaders(cors, request), body: Buffer.alloc(0) };
}

/** The headers that let a browser read an answer; a function's own CORS headers are replaced by them. */
export function corsHeaders(cors: Cors, request: IncomingMessage): Record<string, string> {
  const origin = request.headers.origin;
  if (origin === undefined || !cors.AllowOrigins.some((allowed) => allowsOrigin(allowed, origin))) return {};
  const lists = {
    ...(cors.AllowCredentials && { 'access-control-allow-credentials': 'true' }),
    'access-control-allow-origin': cors.AllowOrigins.includes('*') && !cors.AllowCredentials ? '*' : origin,
    ...(cors.ExposeHeaders.length > 0 && { 'access-control-expose-headers': cors.ExposeHeaders.join(',') }),
  };
  if (!isPreflight(request)) return lists;
  return {
    ...lists,
    ...(cors.AllowMethods.length > 0 && { 'access-control-allow-methods': cors.AllowMethods.join(',') }),
    ...(cors.AllowHeaders.length > 0 && { 'access-control-allow-headers': cors.AllowHeaders.join(',') }),
    ...(cors.MaxAge !== undefined && { 'access-control-max-age': String(cors.MaxAge) }),
  };
}

/** `*`, an origin, or a scheme with a wildcard: `https://*`. */
function allowsOrigin(allowed: string, origin: string): boolean {
  if (allowed === '*') return true;
  return allowed.endsWith('*') ? origin.startsWith(allowed.slice(0, -1)) : allowed === origin;
}
