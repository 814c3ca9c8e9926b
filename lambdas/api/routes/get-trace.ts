import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { attemptNotFound } from '../api-error.ts';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { ownedDispatch } from '../owned-dispatch.ts';
import { traceOf } from '../trace.ts';
import { Trace } from '../wire.ts';
import { AttemptQuery, answer, COMMON_FAILURES, DispatchPath, failure, KEY_REQUIRED } from './route-parts.ts';

const route = createRoute({
  method: 'get',
  path: '/dispatch/{id}/trace',
  summary: "The path of an attempt's execution (the current one's by default) through the state machine",
  security: KEY_REQUIRED,
  request: { params: DispatchPath, query: AttemptQuery },
  responses: {
    ...COMMON_FAILURES,
    200: answer('The states, in order.', Trace),
    404: failure('DISPATCH_NOT_FOUND: none of the tenant has this id. ATTEMPT_NOT_FOUND: it has no such attempt.'),
  },
});

export function addGetTrace(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const record = await ownedDispatch(api, context, context.req.valid('param').id);
    const { dispatchId, attempt: current } = record;
    const { attempt = current } = context.req.valid('query');
    if (attempt > current) throw attemptNotFound(current);
    const executionArn = api.executions.arnOf({ dispatchId, attempt });
    const history = await api.executions.history(executionArn);
    const path = history ? traceOf(history) : { status: 'not_started' as const, states: [] };
    return context.json(success(context, { executionArn, ...path }), 200);
  });
}
