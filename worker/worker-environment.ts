import { z } from 'zod';
import { AGENT_NAMES } from '../core/agents.ts';
import { Attempt, DispatchId } from '../core/ids.ts';
import { readEnv } from '../lambdas/shared/env.ts';

const WholeNumber = z.string().regex(/^\d{1,9}$/, 'must be a whole number');

const VARIABLES = {
  DISPATCH_ID: DispatchId,
  ATTEMPT: WholeNumber.transform(Number).pipe(Attempt),
  AGENT: z.enum(AGENT_NAMES),
  DISPATCHES_TABLE: z.string(),
  CONTEXT_BUCKET: z.string(),
  ARTIFACTS_BUCKET: z.string(),
  WORKSPACE_DIR: z.string().startsWith('/', 'must be an absolute path'),
  /** Given by ECS: where the container learns about its own ECS task. */
  ECS_CONTAINER_METADATA_URI_V4: z.url({ protocol: /^https?$/ }),
  /** Set by the image: the user that the agent runs as. Without it the agent runs as the worker's own user. */
  AGENT_UID: WholeNumber.transform(Number).optional(),
};

export type WorkerEnvironment = ReturnType<typeof readWorkerEnvironment>;

/** The worker's variables. Throws an `InvalidEnvironmentError` that names every one that is missing or wrong. */
export function readWorkerEnvironment(environment: Readonly<Record<string, string | undefined>>) {
  return readEnv(VARIABLES, environment);
}
