import { z } from 'zod';
import { AGENT_NAMES } from './agents.ts';
import { MAX_TASK_LENGTH } from './dispatch-request.ts';
import { DispatchId, TenantId } from './ids.ts';
import { TIMEOUT_SECONDS } from './time-limits.ts';

/**
 * A model by its provider's name, an alias, or the ARN of a Bedrock inference profile. It becomes an argument of a command
 * line: it cannot begin with a dash.
 */
export const ModelId = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9][\w.:/@+[\]-]*$/, 'must be the name of a model');

/** What the worker is to do: written once per dispatch to S3, because a task does not fit into RunTask's overrides. */
export const DispatchSpec = z.object({
  version: z.literal(1),
  dispatchId: DispatchId,
  tenantId: TenantId,
  agent: z.enum(AGENT_NAMES),
  task: z.string().max(MAX_TASK_LENGTH),
  /** @default what the agent's CLI uses by itself */
  modelId: ModelId.optional(),
  timeoutSeconds: z.int().min(TIMEOUT_SECONDS.min).max(TIMEOUT_SECONDS.max),
});
export type DispatchSpec = z.infer<typeof DispatchSpec>;
