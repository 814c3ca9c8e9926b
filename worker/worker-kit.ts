import type { Variables } from '../core/agent-variables.ts';
import type { DispatchSpec } from '../core/dispatch-spec.ts';
import type { AttemptRef } from '../core/ids.ts';
import type { FencePass } from '../lambdas/shared/dispatch-store.ts';
import type { Document } from '../lambdas/shared/s3-document.ts';
import type { AgentUser } from './agent/agent-user.ts';
import type { AgentProgram } from './agents/agent-program.ts';
import type { ChildProgram } from './pack/running-child.ts';
import type { WorkspacesKit } from './persistent/workspaces-kit.ts';
import type { SecretSource } from './secrets/secret-source.ts';
import type { OutputBucket } from './upload/attempt-bucket.ts';
import type { WorkerLog } from './worker-log.ts';

/** The ways in which the worker starts its own program on a workspace; also its first argument then. */
export type WorkspaceMode = 'pack' | 'checkpoint' | 'patch' | 'context' | 'workspace';

/** What a worker has at hand, whichever dispatch it is for. */
export interface WorkerKit {
  readonly agent: string;
  /** How the agent is run; absent where this worker does not know it. */
  readonly program: AgentProgram | undefined;
  readonly workspace: string;
  readonly user: AgentUser;
  /** Those that work on the workspace as the agent's user. */
  readonly programs: Readonly<Record<WorkspaceMode, ChildProgram>>;
  readonly secrets: SecretSource;
  /** What the deployment gives the agent: a gateway's address, say. They are no secrets. */
  readonly agentVariables: Variables;
  /** Where repositories of the form `owner/name` are. */
  readonly githubUrl: string;
  readonly specs: { getSpec(dispatchId: string): Promise<Document<DispatchSpec> | undefined> };
  readonly dispatches: { passFence(pass: FencePass): Promise<boolean> };
  bucketOf(attempt: AttemptRef): OutputBucket;
  /** Bytes of all files of an output together. */
  readonly maxOutputBytes: number;
  /** Milliseconds within which what is written is in a checkpoint, as long as taking one takes a third of that. */
  readonly checkpointMs: number;
  readonly log: WorkerLog;
  /** Aborts when the worker is to stop. */
  readonly stop: AbortSignal;
  /** Milliseconds that it asks for spec and fence where nobody answers. @default a minute */
  readonly patienceMs?: number;
  /** @default it has no persistent workspaces */
  readonly workspaces?: WorkspacesKit | undefined;
  fetchTaskArn(): Promise<string>;
}
