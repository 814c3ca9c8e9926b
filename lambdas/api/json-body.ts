import { createMiddleware } from 'hono/factory';
import { ApiError, validationError } from './api-error.ts';
import type { ApiEnv } from './collaborators.ts';

/**
 * Refuses a body that is not JSON before its fields are looked at. Bytes that are not UTF-8 are refused as well: decoded
 * leniently, they would reach the agent changed.
 */
export const requireJsonBody = createMiddleware<ApiEnv>(async (context, next) => {
  const mediaType = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as `Content-Type: application/json`.');
  }
  const fault = faultOf(await context.req.arrayBuffer());
  if (fault) throw validationError([{ path: '', message: fault }]);
  await next();
});

/** Refuses a body where none is read: whoever sends one expects something of it. */
export const requireNoBody = createMiddleware<ApiEnv>(async (context, next) => {
  if ((await context.req.arrayBuffer()).byteLength > 0) {
    throw validationError([
      { path: '', message: 'this request takes no body: what a dispatch is to do stays as it is' },
    ]);
  }
  await next();
});

function faultOf(body: ArrayBuffer): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return 'the body is not UTF-8';
  }
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
