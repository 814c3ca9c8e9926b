import { z } from 'zod';
import { TenantId } from './ids.ts';

/** Living attempts that a tenant may have at once, unless its item says otherwise. */
export const DEFAULT_MAX_CONCURRENT = 100;

/**
 * The most that a tenant's limit may be. Its places are one item, which each attempt writes twice: at 2,000 some 60 KB,
 * where DynamoDB takes 1 MB of writes to one item in a second, and 400 KB in one.
 */
export const MAX_CONCURRENT = 2_000;

/** An item of the tenants table. `livingAttempts` is a string set of `<dispatchId>-<attempt>`, absent while empty. */
export const Tenant = z.object({
  tenantId: TenantId,
  status: z.enum(['ACTIVE', 'SUSPENDED']),
  /** An item that was made by hand may say more than can be kept. */
  maxConcurrent: z
    .int()
    .min(0)
    .transform((limit) => Math.min(limit, MAX_CONCURRENT)),
  createdAt: z.iso.datetime(),
});
export type Tenant = z.infer<typeof Tenant>;

/** The places of a tenant that are taken, by the names of the attempts that hold them. */
export const TenantPlaces = z.object({ tenantId: TenantId, livingAttempts: z.set(z.string()).default(new Set()) });
export type TenantPlaces = z.infer<typeof TenantPlaces>;

/** An item of the api-keys table: the key itself is stored nowhere. */
export const ApiKey = z.object({
  /** SHA-256 of the key, hexadecimal. */
  keyHash: z.string().regex(/^[0-9a-f]{64}$/),
  tenantId: TenantId,
  createdAt: z.iso.datetime(),
});
export type ApiKey = z.infer<typeof ApiKey>;
