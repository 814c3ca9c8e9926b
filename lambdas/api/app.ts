import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { ApiError } from './api-error.ts';
import { authenticate } from './authenticate.ts';
import type { ApiCollaborators, ApiEnv } from './collaborators.ts';
import { errorResponse } from './envelope.ts';
import { addDeleteDispatch } from './routes/delete-dispatch.ts';
import { addFleetHealth } from './routes/fleet-health.ts';
import { addGetArtifacts } from './routes/get-artifacts.ts';
import { addGetDispatch } from './routes/get-dispatch.ts';
import { addGetTrace } from './routes/get-trace.ts';
import { addHealth } from './routes/health.ts';
import { addPostDispatch } from './routes/post-dispatch.ts';
import { addPostReplay } from './routes/post-replay.ts';
import { unmatched } from './unmatched.ts';
import { refuseInvalid } from './validation.ts';

/** The HTTP API: what it answers is described by itself, at `GET /openapi.json`. */
export function createApp(api: ApiCollaborators): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  app.use(async (context, next) => {
    context.set('requestId', context.env?.event?.requestContext.requestId ?? randomUUID());
    context.set('now', api.now());
    await next();
  });
  for (const path of ['/dispatch/*', '/artifacts/*', '/health/fleet']) app.use(path, authenticate(api));

  addHealth(app);
  addFleetHealth(app, api);
  addPostDispatch(app, api);
  addGetDispatch(app, api);
  addGetTrace(app, api);
  addDeleteDispatch(app, api);
  addPostReplay(app, api);
  addGetArtifacts(app, api);
  describe(app);

  app.notFound((context) => errorResponse(context, unmatched(app, context.req.path)));
  app.onError((error, context) => {
    if (error instanceof ApiError) return errorResponse(context, error);
    api.report(error, context.get('requestId'));
    return errorResponse(context, new ApiError('INTERNAL_ERROR', 'Something went wrong on our side. Try again.'));
  });
  return app;
}

function describe(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Outpost', version: '1', description: 'AI coding agents in isolated ECS tasks.' },
  });
}
