import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import { replayDispatch } from '../../shared/replay-dispatch.ts';
import { ApiError, dispatchNotFound } from '../api-error.ts';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { requireAvailable, tooMany } from '../create-dispatch.ts';
import { success } from '../envelope.ts';
import { requireNoBody } from '../json-body.ts';
import { ownedDispatch } from '../owned-dispatch.ts';
import { NoQuery } from '../validation.ts';
import { DispatchView, dispatchView, wireStatus } from '../wire.ts';
import {
  answer,
  DISPATCH_FAILURES,
  DispatchPath,
  failure,
  IdempotencyKey,
  KEY_REQUIRED,
  requireWholeKey,
} from './route-parts.ts';

const route = createRoute({
  method: 'post',
  path: '/dispatch/{id}/replay',
  summary: 'Run a dispatch that has ended once more, as its next attempt',
  security: KEY_REQUIRED,
  middleware: [requireWholeKey, requireNoBody] as const,
  request: { params: DispatchPath, query: NoQuery, headers: IdempotencyKey },
  responses: {
    ...DISPATCH_FAILURES,
    202: answer('The next attempt is accepted; a repeated key gets the dispatch as it is by now.', DispatchView),
    409: failure(
      'DISPATCH_NOT_ENDED: its current attempt lives; `details` has its status. TOO_MANY_ATTEMPTS: it has had as many as may.',
    ),
    410: failure('DISPATCH_EXPIRED: what it was to do is not kept any more.'),
    429: failure("TOO_MANY_DISPATCHES: as many of the tenant's dispatches live as may."),
  },
});

export function addPostReplay(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const record = await ownedDispatch(api, context, context.req.valid('param').id);
    requireAvailable(record);
    const key = context.req.valid('header')['idempotency-key'] ?? context.get('requestId');
    const replayed = await replay(api, record, `api:${key}`);
    return context.json(success(context, dispatchView(replayed)), 202);
  });
}

/** The record of the attempt that follows the current one. Throws an `ApiError` where none can. */
async function replay(
  api: ApiCollaborators,
  { dispatchId, attempt }: DispatchRecord,
  key: string,
): Promise<DispatchRecord> {
  const replayed = await replayDispatch(api, { dispatchId, attempt, key });
  switch (replayed.answer) {
    case 'replayed':
    case 'repeated':
      return replayed.record;
    // Another request was faster: its attempt lives, or has at most ended a moment ago.
    case 'overtaken':
    case 'living':
      throw notEnded(replayed.record);
    case 'too-many':
      throw tooManyAttempts(replayed.record);
    case 'expired':
      throw new ApiError('DISPATCH_EXPIRED', 'What this dispatch was to do is not kept any more. Post it anew.');
    case 'no-place':
      throw tooMany(replayed.maxConcurrent);
    case 'suspended':
      throw new ApiError('TENANT_SUSPENDED', 'This tenant is suspended.');
    case 'absent':
      throw dispatchNotFound();
  }
}

function notEnded({ attempt, status }: DispatchRecord): ApiError {
  const wire = wireStatus(status);
  const message = `Attempt ${attempt} of this dispatch is '${wire}'. Only a dispatch that has ended can be replayed.`;
  return new ApiError('DISPATCH_NOT_ENDED', message, { attempt, status: wire });
}

function tooManyAttempts({ attempt }: DispatchRecord): ApiError {
  const message = `This dispatch has had ${attempt} attempts, as many as one may have. Post it anew.`;
  return new ApiError('TOO_MANY_ATTEMPTS', message, { attempt });
}
