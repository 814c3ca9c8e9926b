import type { OpenAPIHono } from '@hono/zod-openapi';
import { METHOD_NAME_ALL } from 'hono/router';
import { ApiError } from './api-error.ts';
import type { ApiEnv } from './collaborators.ts';

/** What a request that no route took gets: 405 where its path has routes of other methods, else 404. */
export function unmatched(app: OpenAPIHono<ApiEnv>, path: string): ApiError {
  const allowed = new Set(
    app.routes
      .filter((route) => route.method !== METHOD_NAME_ALL && matches(route.path, path))
      .map(({ method }) => method),
  );
  if (allowed.size === 0) return new ApiError('NOT_FOUND', 'There is no such route.');
  const methods = [...allowed].join(', ');
  return new ApiError('METHOD_NOT_ALLOWED', `This route knows ${methods}.`, undefined, { Allow: methods });
}

/** `/dispatch/:id` matches `/dispatch/x`, but not `/dispatch/x/y`. */
function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]))
  );
}
