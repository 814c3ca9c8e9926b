import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { fleetHealth } from '../fleet-health.ts';
import { remembered } from '../remembered.ts';
import { NoQuery } from '../validation.ts';
import { FleetHealth } from '../wire.ts';
import { answer, COMMON_FAILURES, KEY_REQUIRED } from './route-parts.ts';

/** Seconds that an answer is good for. */
const MAX_AGE = 30;

const route = createRoute({
  method: 'get',
  path: '/health/fleet',
  summary: 'The warm slots by agent and state, and how the dispatches of the last hour went',
  security: KEY_REQUIRED,
  request: { query: NoQuery },
  responses: { ...COMMON_FAILURES, 200: answer(`The fleet, as it was up to ${MAX_AGE} seconds ago.`, FleetHealth) },
});

export function addFleetHealth(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  const health = remembered(MAX_AGE * 1000, api.now, () => fleetHealth(api));
  app.openapi(route, async (context) => {
    const fleet = await health();
    context.header('Cache-Control', `private, max-age=${MAX_AGE}`);
    return context.json(success(context, fleet), 200);
  });
}
