import { z } from 'zod';

/** A ULID in upper case: 26 characters of Crockford's base 32, the first at most 7 (128 bits). */
export const Ulid = z
  .string()
  .regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, 'must be a ULID, e.g. 01J9ZK6W3N8R5T7V9X1Y3Z5A7B');

export const DispatchId = Ulid;
export type DispatchId = z.infer<typeof DispatchId>;

/** 1 for the first execution of a dispatch, and one more for every replay. */
export const Attempt = z.int().min(1);

export const TenantId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'must be 1-63 lower-case letters, digits and dashes, beginning with a letter or digit',
  );

/** One attempt of one dispatch: what an execution, an outcome and a place among the tenant's living attempts belong to. */
export interface AttemptRef {
  readonly dispatchId: string;
  readonly attempt: number;
}

/** `<dispatchId>-<attempt>`: the name of the attempt's execution, and its member in the tenant's set of living attempts. */
export function attemptName({ dispatchId, attempt }: AttemptRef): string {
  return `${dispatchId}-${attempt}`;
}

/** The attempt that an execution's name tells, or `undefined` where the name is not one of ours. */
export function parseAttemptName(name: string): AttemptRef | undefined {
  const match = /^([0-7][0-9A-HJKMNP-TV-Z]{25})-([1-9]\d{0,8})$/.exec(name);
  const [, dispatchId, attempt] = match ?? [];
  return dispatchId && attempt ? { dispatchId, attempt: Number(attempt) } : undefined;
}
