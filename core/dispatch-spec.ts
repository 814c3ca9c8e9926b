import { z } from 'zod';
import { AGENT_NAMES } from './agents.ts';
import { CONTEXT_LEVELS } from './context-level.ts';
import { MAX_TASK_LENGTH } from './dispatch-request.ts';
import { DispatchId, TenantId } from './ids.ts';
import { ModelId } from './model-id.ts';
import { Branch, Repo } from './repository.ts';
import { AdditionalSecrets } from './secrets.ts';
import { TIMEOUT_SECONDS } from './time-limits.ts';
import { WORKSPACE_MODES } from './workspace-mode.ts';

/** What the worker is to do: written once per dispatch to S3, because a task does not fit into RunTask's overrides. */
export const DispatchSpec = z.object({
  version: z.literal(1),
  dispatchId: DispatchId,
  tenantId: TenantId,
  agent: z.enum(AGENT_NAMES),
  task: z.string().max(MAX_TASK_LENGTH),
  /** @default an empty workspace */
  repo: Repo.optional(),
  /** @default the remote's HEAD */
  branch: Branch.optional(),
  /** @default what the agent's CLI uses by itself */
  modelId: ModelId.optional(),
  /** @default `DEFAULT_CONTEXT_LEVEL` */
  contextLevel: z.enum(CONTEXT_LEVELS).optional(),
  /** @default a workspace that goes with its ECS task */
  workspaceMode: z.enum(WORKSPACE_MODES).optional(),
  /** @default no secret but the keys of the agent */
  additionalSecrets: AdditionalSecrets.optional(),
  timeoutSeconds: z.int().min(TIMEOUT_SECONDS.min).max(TIMEOUT_SECONDS.max),
});
export type DispatchSpec = z.infer<typeof DispatchSpec>;
