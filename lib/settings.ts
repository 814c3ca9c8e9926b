import { fileURLToPath } from 'node:url';
import { RemovalPolicy } from 'aws-cdk-lib';
import { z } from 'zod';
import { type AgentVariables, AgentVariablesText } from '../core/agent-variables.ts';
import { DEFAULT_CHECKPOINT_SECONDS, DEFAULT_OUTPUT_GIB } from '../core/output-defaults.ts';
import { POOL_POLICIES, type PoolPolicyName } from '../core/pool-policy.ts';
import { type PoolSettings, PoolText } from '../core/pool-settings.ts';
import { GITHUB_URL, GithubUrl } from '../core/repository.ts';

/** What a deployment is told from outside; every construct gets it. */
export interface OutpostSettings {
  /** Begins the name of every resource, so that stages share an account. */
  readonly prefix: string;
  /** What becomes of tables, buckets and logs when the stack is deleted. */
  readonly removalPolicy: RemovalPolicy;
  /** How many slots of each available agent may wait; 0 to 0 is no pool. */
  readonly pool: PoolSettings;
  readonly poolPolicy: PoolPolicyName;
  /** Variables of agents' environments: a model gateway's address, say, and no secrets. */
  readonly agentEnv: AgentVariables;
  /** Who serves Claude Code's models. */
  readonly claudeProvider: ClaudeProvider;
  /** Where repositories of the form `owner/name` are, and what the token `GITHUB_PAT` is for. */
  readonly githubUrl: string;
  /** GiB that all files of an output may have together: past it the largest are left out. */
  readonly maxOutputGiB: number;
  /** Seconds from one checkpoint of a running agent's workspace to the next. */
  readonly checkpointSeconds: number;
  /** The folder that `npm run build` fills: `lambdas/<name>` for each function, and `worker`. */
  readonly assets: string;
}

/** A bucket's name may have 63 characters, and `-artifacts-<account>-<region>` takes up to 38 of them. */
const MAX_PREFIX_LENGTH = 24;

const POLICY_NAMES = Object.keys(POOL_POLICIES) as [PoolPolicyName, ...PoolPolicyName[]];

const CLAUDE_PROVIDERS = ['anthropic', 'bedrock'] as const;
export type ClaudeProvider = (typeof CLAUDE_PROVIDERS)[number];

const REMOVAL_POLICIES = { retain: RemovalPolicy.RETAIN, destroy: RemovalPolicy.DESTROY } as const;

/** What the worker's disk has room for. */
const MAX_OUTPUT_GIB = 30;
const MAX_CHECKPOINT_SECONDS = 3_600;

/** A whole number from the command line. */
function amount(max: number) {
  const message = `must be a whole number from 1 to ${max}`;
  return z.coerce.number(message).int(message).min(1, message).max(max, message);
}

const Context = z.object({
  prefix: z
    .string()
    .max(MAX_PREFIX_LENGTH, `must have at most ${MAX_PREFIX_LENGTH} characters`)
    .regex(
      /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
      'must be lower-case letters, digits and single dashes, beginning with a letter',
    )
    .default('outpost'),
  removal: z.enum(['retain', 'destroy'], "must be 'retain' or 'destroy'").default('retain'),
  pool: PoolText.prefault(''),
  poolPolicy: z.enum(POLICY_NAMES, `must be one of ${POLICY_NAMES.join(', ')}`).default('fixed'),
  agentEnv: AgentVariablesText.prefault(''),
  claudeProvider: z.enum(CLAUDE_PROVIDERS, `must be one of ${CLAUDE_PROVIDERS.join(', ')}`).default('anthropic'),
  githubUrl: GithubUrl.default(GITHUB_URL),
  maxOutputGiB: amount(MAX_OUTPUT_GIB).default(DEFAULT_OUTPUT_GIB),
  checkpointSeconds: amount(MAX_CHECKPOINT_SECONDS).default(DEFAULT_CHECKPOINT_SECONDS),
  assets: z
    .string()
    .min(1)
    .default(fileURLToPath(new URL('../dist', import.meta.url))),
});

/**
 * Reads CDK context: `-c prefix=outpost` (up to 24 lower-case letters, digits and dashes), `-c removal=retain|destroy`,
 * `-c pool=shell=0-2`, `-c poolPolicy=fixed`, `-c agentEnv=claude.NAME=value` (several on lines of their own),
 * `-c claudeProvider=anthropic|bedrock`, `-c githubUrl=https://ghe.example.com`, `-c maxOutputGiB=5`,
 * `-c checkpointSeconds=60`, `-c assets=<folder>`.
 * @throws Error naming every value that is not allowed
 */
export function readSettings(context: (key: string) => unknown): OutpostSettings {
  const given = Object.fromEntries(Object.keys(Context.shape).map((key) => [key, context(key)]));
  const { success, data, error } = Context.safeParse(given);
  if (!success) {
    throw new Error(error.issues.map(({ path, message }) => `-c ${path.join('.')}: ${message}`).join('\n'));
  }
  const { removal, ...settings } = data;
  return { ...settings, removalPolicy: REMOVAL_POLICIES[removal] };
}
