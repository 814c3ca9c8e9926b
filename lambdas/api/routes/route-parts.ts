import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { validationError } from '../api-error.ts';
import type { ApiEnv } from '../collaborators.ts';
import { ErrorEnvelope, successEnvelope } from '../envelope.ts';
import { wholeNumber } from '../validation.ts';

/** The id in the path. What is no ULID is answered like a dispatch that does not exist. */
export const DispatchPath = z.object({ id: z.string() });

/** `?attempt=N`: which attempt of the dispatch. */
export const AttemptQuery = z.strictObject({ attempt: wholeNumber(1).optional() });

const KEY_RULE = 'must be 1-255 visible ASCII characters';

export const IdempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE)
    .optional(),
});

/**
 * An empty header does not get as far as `IdempotencyKey`: Hono's adapter for Lambda drops it, and two requests with it
 * would be two.
 */
export const requireWholeKey: MiddlewareHandler<ApiEnv> = async (context, next) => {
  const name = 'idempotency-key';
  if (context.env?.event?.headers?.[name] === '') throw validationError([{ path: name, message: KEY_RULE }]);
  await next();
};

export const KEY_REQUIRED = [{ bearer: [] }, { apiKey: [] }];

export function answer<Data extends z.ZodType>(description: string, data: Data) {
  return { description, content: { 'application/json': { schema: successEnvelope(data) } } };
}

export function failure(description: string) {
  return { description, content: { 'application/json': { schema: ErrorEnvelope } } };
}

export const COMMON_FAILURES = {
  400: failure('VALIDATION_ERROR: the request is not valid; `details` names each field.'),
  401: failure('UNAUTHORIZED: no key, or one that is not known.'),
  403: failure('TENANT_SUSPENDED'),
};

export const DISPATCH_FAILURES = {
  ...COMMON_FAILURES,
  404: failure('DISPATCH_NOT_FOUND: none of the tenant has this id.'),
};
