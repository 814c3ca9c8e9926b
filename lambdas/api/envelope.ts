import type { Context } from 'hono';
import { z } from 'zod';
import { type ApiError, ERROR_CODES, type ErrorCode } from './api-error.ts';
import type { ApiEnv } from './collaborators.ts';

const Meta = z.object({ requestId: z.string(), timestamp: z.iso.datetime() });

export const ErrorEnvelope = z.object({
  success: z.literal(false),
  error: z.object({
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    details: z.unknown().optional(),
  }),
  meta: Meta,
});

export function successEnvelope<Data extends z.ZodType>(data: Data) {
  return z.object({ success: z.literal(true), data, meta: Meta });
}

export function success<Data>(context: Context<ApiEnv>, data: Data) {
  return { success: true as const, data, meta: meta(context) };
}

export function errorResponse(context: Context<ApiEnv>, error: ApiError): Response {
  const { code, message, details, headers, status } = error;
  return context.json({ success: false, error: { code, message, details }, meta: meta(context) }, status, headers);
}

function meta(context: Context<ApiEnv>): z.infer<typeof Meta> {
  return { requestId: context.get('requestId'), timestamp: context.get('now').toISOString() };
}
