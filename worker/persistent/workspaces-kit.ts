import type { AttemptRef } from '../../core/ids.ts';
import type { WaitingFor } from '../../core/workspace-mode.ts';
import type { WorkspaceStore } from '../../lambdas/shared/workspace-store.ts';
import type { LeaseTimes } from './workspace-lease.ts';

/** What a worker has that may use persistent workspaces. */
export interface WorkspacesKit {
  readonly store: WorkspaceStore;
  /** Where their file system is. */
  readonly folder: string;
  readonly times: LeaseTimes;
  /** The image's list of users, where tenants' users get a name. @default none does */
  readonly passwdFile?: string | undefined;
  noteWaiting(attempt: AttemptRef, waitingFor: WaitingFor | undefined): Promise<void>;
}

/** A persistent workspace that an attempt holds. */
export interface HeldWorkspace {
  /** Its id. */
  readonly name: string;
  readonly workspace: string;
  readonly making: string;
  /** Why the agent was stopped, where the lease was lost; absent where it was not, or the worker was to stop anyway. */
  lostBecause(): string | undefined;
}
