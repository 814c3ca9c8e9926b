import { z } from 'zod';
import { Variables } from '../core/agent-variables.ts';
import { AGENT_NAMES } from '../core/agents.ts';
import { Attempt, DispatchId } from '../core/ids.ts';
import { DEFAULT_CHECKPOINT_SECONDS, DEFAULT_OUTPUT_GIB } from '../core/output-defaults.ts';
import { LEASE_MS } from '../core/persistent-workspace.ts';
import { GITHUB_URL, GithubUrl } from '../core/repository.ts';
import { SlotId } from '../core/slot.ts';
import { InvalidEnvironmentError, readEnv } from '../lambdas/shared/env.ts';

/** Above 0, with a point or not. */
const Amount = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,15})?$/, 'must be a number')
  .transform(Number)
  .pipe(z.number().positive('must be above 0'));

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
  /** Where the file system of persistent workspaces is, and the table that knows them: both or none. */
  WORKSPACES_DIR: z.string().startsWith('/', 'must be an absolute path').optional(),
  WORKSPACES_TABLE: z.string().optional(),
  /** Seconds that a workspace's lease holds without a renewal. */
  WORKSPACE_LEASE_SECONDS: WholeNumber.transform(Number).default(LEASE_MS / 1000),
  /** Set by the image: where it lists its users. */
  PASSWD_FILE: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Of all files of an output together: past it the largest are left out. */
  MAX_OUTPUT_GIB: Amount.default(DEFAULT_OUTPUT_GIB),
  /** From one checkpoint to the next. */
  CHECKPOINT_SECONDS: Amount.default(DEFAULT_CHECKPOINT_SECONDS),
  /** What the deployment gives the agent beside secrets: a gateway's address, say. */
  AGENT_ENV: VariablesJson.default({}),
  /** Where repositories of the form `owner/name` are: a GitHub of one's own, maybe. */
  GITHUB_URL: GithubUrl.default(GITHUB_URL),
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
