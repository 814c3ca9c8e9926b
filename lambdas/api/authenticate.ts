import { createMiddleware } from 'hono/factory';
import { ApiError } from './api-error.ts';
import type { ApiCollaborators, ApiEnv } from './collaborators.ts';

/** Lets only the holder of a tenant's key pass, by `Authorization: Bearer <key>` or `X-API-Key: <key>`. */
export function authenticate({ keys, tenants }: Pick<ApiCollaborators, 'keys' | 'tenants'>) {
  return createMiddleware<ApiEnv>(async (context, next) => {
    const key = presentedKey(context.req.header('authorization'), context.req.header('x-api-key'));
    const tenantId = key && (await keys.tenantOf(key));
    const tenant = tenantId && (await tenants.get(tenantId));
    if (!tenant) throw unauthorized();
    if (tenant.status !== 'ACTIVE') throw new ApiError('TENANT_SUSPENDED', 'This tenant is suspended.');
    context.set('tenant', tenant);
    await next();
  });
}

function presentedKey(authorization: string | undefined, apiKey: string | undefined): string | undefined {
  if (authorization === undefined) return apiKey;
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** One answer for no key, a malformed one and a wrong one. */
function unauthorized(): ApiError {
  const message = 'Give a valid API key as `Authorization: Bearer <key>` or `X-API-Key: <key>`.';
  return new ApiError('UNAUTHORIZED', message, undefined, { 'WWW-Authenticate': 'Bearer' });
}
