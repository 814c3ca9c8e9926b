import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { answer } from './route-parts.ts';

const route = createRoute({
  method: 'get',
  path: '/health/live',
  summary: 'Whether the API answers',
  responses: { 200: answer('It does.', z.object({ status: z.literal('live') })) },
});

export function addHealth(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, (context) => context.json(success(context, { status: 'live' as const }), 200));
}
