import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { ownedDispatch } from '../owned-dispatch.ts';
import { wholeNumber } from '../validation.ts';
import { DispatchView, dispatchView, type LogLines } from '../wire.ts';
import { answer, DISPATCH_FAILURES, DispatchPath, KEY_REQUIRED } from './route-parts.ts';

/** Lines that `logsAfter` reads at most where `logs` does not say. */
const DEFAULT_LINES = 100;

const Query = z.strictObject({
  logs: wholeNumber(1, 1000).optional(),
  logsAfter: z
    .string()
    .regex(/^.{1,1024}$/s, 'must be the `nextToken` of an earlier answer')
    .optional(),
});

const route = createRoute({
  method: 'get',
  path: '/dispatch/{id}',
  summary: 'How a dispatch stands, with the newest lines of its log if asked',
  security: KEY_REQUIRED,
  request: { params: DispatchPath, query: Query },
  responses: { ...DISPATCH_FAILURES, 200: answer('The dispatch.', DispatchView) },
});

export function addGetDispatch(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const record = await ownedDispatch(api, context, context.req.valid('param').id);
    const logs = await readLogs(api, record, context.req.valid('query'));
    return context.json(success(context, dispatchView(record, logs)), 200);
  });
}

async function readLogs(
  { agentLog }: ApiCollaborators,
  { agent, taskArn }: DispatchRecord,
  { logs, logsAfter }: z.infer<typeof Query>,
): Promise<LogLines | undefined> {
  if (logs === undefined && logsAfter === undefined) return undefined;
  if (taskArn === undefined) return { lines: [], nextToken: null };
  const after = logsAfter === undefined ? {} : { after: logsAfter };
  return agentLog.read({ agent, taskArn, limit: logs ?? DEFAULT_LINES, ...after });
}
