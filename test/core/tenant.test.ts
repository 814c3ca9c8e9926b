import { expect, it } from 'vitest';
import { MAX_CONCURRENT, Tenant } from '../../core/tenant.ts';

const tenant = { tenantId: 'acme', status: 'ACTIVE', createdAt: '2026-03-01T12:00:00.000Z' } as const;

it.each([
  [0, 0],
  [MAX_CONCURRENT, MAX_CONCURRENT],
  [999_999, MAX_CONCURRENT],
])('reads a limit of %i as %i: no more places than that can be kept', (maxConcurrent, read) => {
  expect(Tenant.parse({ ...tenant, maxConcurrent })).toEqual({ ...tenant, maxConcurrent: read });
});
