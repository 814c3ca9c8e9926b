import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import { ApiError } from '../api-error.ts';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { ownedDispatch } from '../owned-dispatch.ts';
import { NoQuery } from '../validation.ts';
import { DispatchView, dispatchView, wireStatus } from '../wire.ts';
import { answer, DISPATCH_FAILURES, DispatchPath, failure, KEY_REQUIRED } from './route-parts.ts';

const route = createRoute({
  method: 'delete',
  path: '/dispatch/{id}',
  summary: 'Cancel a dispatch',
  security: KEY_REQUIRED,
  request: { params: DispatchPath, query: NoQuery },
  responses: {
    ...DISPATCH_FAILURES,
    200: answer('It was cancelled before.', DispatchView),
    202: answer('It will end as `cancelled`, unless its agent has just finished.', DispatchView),
    409: failure('DISPATCH_ENDED: it ended otherwise; `details` has its status.'),
  },
});

export function addDeleteDispatch(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const { dispatchId } = await ownedDispatch(api, context, context.req.valid('param').id);
    const cancelling = await cancel(api, dispatchId);
    if (cancelling) return context.json(success(context, dispatchView(cancelling)), 202);
    const ended = await ownedDispatch(api, context, dispatchId);
    if (ended.status !== 'CANCELLED') throw dispatchEnded(ended);
    return context.json(success(context, dispatchView(ended)), 200);
  });
}

/**
 * The intent is written first. A worker that passes the start fence after that sees it and exits; one that has passed
 * before is in the record, and its ECS task is stopped.
 */
async function cancel(api: ApiCollaborators, dispatchId: string): Promise<DispatchRecord | undefined> {
  const record = await api.dispatches.requestCancel(dispatchId, api.now().toISOString());
  if (record?.taskArn) await api.tasks.stop(record.taskArn, 'cancel');
  return record;
}

function dispatchEnded({ status }: DispatchRecord): ApiError {
  const wire = wireStatus(status);
  return new ApiError('DISPATCH_ENDED', `The dispatch has ended as '${wire}' and cannot be cancelled.`, {
    status: wire,
  });
}
