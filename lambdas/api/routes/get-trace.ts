import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { ownedDispatch } from '../owned-dispatch.ts';
import { traceOf } from '../trace.ts';
import { NoQuery } from '../validation.ts';
import { Trace } from '../wire.ts';
import { answer, DISPATCH_FAILURES, DispatchPath, KEY_REQUIRED } from './route-parts.ts';

const route = createRoute({
  method: 'get',
  path: '/dispatch/{id}/trace',
  summary: "The path of the current attempt's execution through the state machine",
  security: KEY_REQUIRED,
  request: { params: DispatchPath, query: NoQuery },
  responses: { ...DISPATCH_FAILURES, 200: answer('The states, in order.', Trace) },
});

export function addGetTrace(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const record = await ownedDispatch(api, context, context.req.valid('param').id);
    const executionArn = api.executions.arnOf(record);
    const history = await api.executions.history(executionArn);
    const path = history ? traceOf(history) : { status: 'not_started' as const, states: [] };
    return context.json(success(context, { executionArn, ...path }), 200);
  });
}
