import type { DispatchSpec } from '../core/dispatch-spec.ts';
import type { AttemptRef } from '../core/ids.ts';
import type { FencePass } from '../lambdas/shared/dispatch-store.ts';
import type { Document } from '../lambdas/shared/s3-document.ts';
import type { AgentUser } from './agent/agent-user.ts';
import type { AgentProgram } from './agents/agent-program.ts';
import type { OutputBucket } from './upload/attempt-bucket.ts';
import type { PackerProgram } from './upload/packed-workspace.ts';
import type { WorkerLog } from './worker-log.ts';

/** What a worker has at hand, whichever dispatch it is for. */
export interface WorkerKit {
  readonly agent: string;
  /** How the agent is run; absent where this worker does not know it. */
  readonly program: AgentProgram | undefined;
  readonly workspace: string;
  readonly user: AgentUser;
  readonly packer: PackerProgram;
  readonly specs: { getSpec(dispatchId: string): Promise<Document<DispatchSpec> | undefined> };
  readonly dispatches: { passFence(pass: FencePass): Promise<boolean> };
  bucketOf(attempt: AttemptRef): OutputBucket;
  readonly log: WorkerLog;
  /** Aborts when the worker is to stop. */
  readonly stop: AbortSignal;
  fetchTaskArn(): Promise<string>;
}
