import { z } from '@hono/zod-openapi';
import { ErrorEnvelope, successEnvelope } from '../envelope.ts';

/** The id in the path. What is no ULID is answered like a dispatch that does not exist. */
export const DispatchPath = z.object({ id: z.string() });

/** `?attempt=N`: which attempt of the dispatch. */
export const AttemptQuery = z.strictObject({ attempt: z.coerce.number().int().min(1).optional() });

export const IdempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1-255 visible ASCII characters')
    .optional(),
});

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
