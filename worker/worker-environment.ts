import { z } from 'zod';
import { Variables } from '../core/agent-variables.ts';
import { AGENT_NAMES } from '../core/agents.ts';
import { Attempt, DispatchId } from '../core/ids.ts';
import { GITHUB_URL } from '../core/repository.ts';
import { SlotId } from '../core/slot.ts';
import { InvalidEnvironmentError, readEnv } from '../lambdas/shared/env.ts';

const WholeNumber = z.string().regex(/^\d{1,9}$/, 'must be a whole number');

/** Variables for the agent, as a JSON object of texts. */
const VariablesJson = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' });
      return z.NEVER;
    }
  })
  .pipe(Variables);

const VARIABLES = {
  AGENT: z.enum(AGENT_NAMES),
  DISPATCHES_TABLE: z.string(),
  CONTEXT_BUCKET: z.string(),
  ARTIFACTS_BUCKET: z.string(),
  /** What the names of this deployment's secrets begin with. */
  SECRETS_FOLDER: z.string().startsWith('/', 'must begin with a slash'),
  WORKSPACE_DIR: z.string().startsWith('/', 'must be an absolute path'),
  /** Given by ECS: where the container learns about its own ECS task. */
  ECS_CONTAINER_METADATA_URI_V4: z.url({ protocol: /^https?$/ }),
  /** Set by the image: the user that the agent runs as. Without it the agent runs as the worker's own user. */
  AGENT_UID: WholeNumber.transform(Number).optional(),
  /** What the deployment gives the agent beside secrets: a gateway's address, say. */
  AGENT_ENV: VariablesJson.default({}),
  /** Where repositories of the form `owner/name` are: a GitHub of one's own, maybe. */
  GITHUB_URL: z.url({ protocol: /^https?$/ }).default(GITHUB_URL),
};

/** Of a cold ECS task: the attempt that it was started for. */
const OF_AN_ATTEMPT = { DISPATCH_ID: DispatchId, ATTEMPT: WholeNumber.transform(Number).pipe(Attempt) };

/** Of a warm slot's ECS task, which waits for a dispatch. */
const OF_A_SLOT = { SLOT_ID: SlotId, POOL_TABLE: z.string() };

const readForAttempt = (environment: Given) => readEnv({ ...OF_AN_ATTEMPT, ...VARIABLES }, environment);
const readForSlot = (environment: Given) => readEnv({ ...OF_A_SLOT, ...VARIABLES }, environment);

type Given = Readonly<Record<string, string | undefined>>;
export type WorkerEnvironment = ReturnType<typeof readForAttempt> | ReturnType<typeof readForSlot>;

/**
 * The worker's variables: either those of an attempt or those of a slot. Throws an `InvalidEnvironmentError` that names
 * every one that is missing or wrong.
 */
export function readWorkerEnvironment(environment: Given): WorkerEnvironment {
  const forSlot = Boolean(environment['SLOT_ID']);
  const forAttempt = Boolean(environment['DISPATCH_ID']) || Boolean(environment['ATTEMPT']);
  if (forSlot && forAttempt) throw new InvalidEnvironmentError(['SLOT_ID and DISPATCH_ID with ATTEMPT are both given']);
  if (!forSlot && !forAttempt) throw new InvalidEnvironmentError(['SLOT_ID or DISPATCH_ID with ATTEMPT is missing']);
  return forSlot ? readForSlot(environment) : readForAttempt(environment);
}
