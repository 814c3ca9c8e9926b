import { z } from 'zod';
import { TenantId } from './ids.ts';

/** Milliseconds that a lease of a workspace holds from its last renewal, and between two renewals. */
export const LEASE_MS = 90_000;
export const RENEW_MS = 20_000;

/** The users that tenants' agents run as in persistent workspaces: far above an image's own. */
export const TENANT_UIDS = { first: 200_000, last: 2_000_000_000 } as const;

/**
 * An item of the workspaces table: a folder of a tenant that outlives its dispatches. It is held by the attempt whose
 * name is in `heldBy` as long as `heldUntil` is in the future. Times are milliseconds since the epoch.
 */
export const PersistentWorkspace = z.object({
  /** The tenant. */
  userId: TenantId,
  /** `owner/name`, or what stands for a repository elsewhere. */
  workspaceId: z.string(),
  /** Where its repository is: a workspace does not change it. */
  url: z.string().optional(),
  heldBy: z.string().optional(),
  heldUntil: z.number().optional(),
  lastUsedAt: z.iso.datetime().optional(),
  lastDispatchId: z.string().optional(),
  /** As it was when its last dispatch ended; less than the truth where `sizeIsPartial`. */
  sizeBytes: z.int().optional(),
  fileCount: z.int().optional(),
  sizeIsPartial: z.boolean().optional(),
});
export type PersistentWorkspace = z.infer<typeof PersistentWorkspace>;

/** What a workspace holds, folders aside. */
export const WorkspaceSize = z.object({
  sizeBytes: z.int().min(0),
  fileCount: z.int().min(0),
  /** It was not counted to the end: there is more. */
  sizeIsPartial: z.boolean(),
});
export type WorkspaceSize = z.infer<typeof WorkspaceSize>;

/**
 * How a persistent workspace was met before the agent began. `created`: a clone, the first time; `current`: it was at the
 * fetched commit; `advanced`: it was taken there; `kept`: it stays as it is, for the reason `note`.
 */
export const WorkspaceState = z.object({
  /** Its id. */
  name: z.string(),
  state: z.enum(['created', 'current', 'advanced', 'kept']),
  /** Absent where it is on no branch. */
  branch: z.string().optional(),
  /** Where it is as the agent begins; absent where it has no commit. */
  commit: z.string().optional(),
  /** In words, what else there is to know. */
  note: z.string().optional(),
});
export type WorkspaceState = z.infer<typeof WorkspaceState>;
