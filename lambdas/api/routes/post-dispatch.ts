import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { DispatchRequest } from '../../../core/dispatch-request.ts';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { createDispatch, requireAvailable } from '../create-dispatch.ts';
import { success } from '../envelope.ts';
import { requireJsonBody } from '../json-body.ts';
import { NoQuery } from '../validation.ts';
import { DispatchView, dispatchView } from '../wire.ts';
import { answer, COMMON_FAILURES, failure, IdempotencyKey, KEY_REQUIRED, requireWholeKey } from './route-parts.ts';

const route = createRoute({
  method: 'post',
  path: '/dispatch',
  summary: 'Run an agent',
  security: KEY_REQUIRED,
  middleware: [requireWholeKey, requireJsonBody] as const,
  request: {
    query: NoQuery,
    headers: IdempotencyKey,
    body: { required: true, content: { 'application/json': { schema: DispatchRequest } } },
  },
  responses: {
    ...COMMON_FAILURES,
    202: answer('The dispatch is accepted; a repeated request gets the same one, as it is by now.', DispatchView),
    409: failure('IDEMPOTENCY_CONFLICT: the key was used for another request. IDEMPOTENCY_IN_PROGRESS: try again.'),
    415: failure('UNSUPPORTED_MEDIA_TYPE: the body is not `application/json`.'),
    429: failure("TOO_MANY_DISPATCHES: as many of the tenant's dispatches live as may."),
  },
});

export function addPostDispatch(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const request = context.req.valid('json');
    requireAvailable(request);
    const tenant = context.get('tenant');
    const key = context.req.valid('header')['idempotency-key'];
    const dispatchId =
      key === undefined
        ? api.newId()
        : await api.reserveId({ tenantId: tenant.tenantId, key, request }, context.env?.lambdaContext);
    const record = await createDispatch(api, tenant, dispatchId, request);
    return context.json(success(context, dispatchView(record)), 202);
  });
}
