import { z } from 'zod';
import type { AgentName } from './agents.ts';
import { isReservedForSecrets } from './reserved-variables.ts';

/** The name of a secret, which is the variable that an agent finds it in. */
export const SecretName = z
  .string()
  .max(128, 'must have at most 128 characters')
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be capitals, digits and underscores, beginning with a letter')
  .refine((name) => !isReservedForSecrets(name), {
    error: ({ input }) => `must not be ${input}: that variable decides how programs run, or where they send things`,
  });

/** Secrets that a dispatch may ask for at once. */
export const MAX_ADDITIONAL_SECRETS = 20;

/** Secrets of its own tenant that a dispatch asks for by name, each once. */
export const AdditionalSecrets = z
  .array(SecretName)
  .max(MAX_ADDITIONAL_SECRETS, `must name at most ${MAX_ADDITIONAL_SECRETS} secrets`)
  .refine((names) => new Set(names).size === names.length, 'must name each secret once');

/** Keys of models, by which platform and tenants let agents work. */
export const MODEL_KEYS = [
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'DEEPSEEK_API_KEY',
  'XAI_API_KEY',
  'AWS_BEARER_TOKEN_BEDROCK',
] as const;
export type ModelKey = (typeof MODEL_KEYS)[number];

/** The token that private repositories are cloned with. It is the worker's: no agent is given it by itself. */
export const REPOSITORY_TOKEN = 'GITHUB_PAT';

/** All that the platform holds for its tenants. */
export const SYSTEM_SECRETS = [...MODEL_KEYS, REPOSITORY_TOKEN] as const;
export type SystemSecret = (typeof SYSTEM_SECRETS)[number];

const KEYS_OF_AGENTS: Readonly<Record<AgentName, readonly ModelKey[]>> = {
  claude: ['ANTHROPIC_API_KEY'],
  codex: ['OPENAI_API_KEY'],
  gemini: ['GEMINI_API_KEY'],
  // It calls the models of many, and takes those whose key is there.
  aider: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'DEEPSEEK_API_KEY', 'XAI_API_KEY'],
  grok: ['XAI_API_KEY'],
  shell: [],
};

/** By this variable Claude Code calls models through Amazon Bedrock. */
export const USE_BEDROCK = 'CLAUDE_CODE_USE_BEDROCK';

/** The keys that an agent is given where they are there. @param settings the variables that the deployment gives it */
export function keysOf(agent: AgentName, settings: Readonly<Record<string, string>>): readonly ModelKey[] {
  const usesBedrock = agent === 'claude' && /^(1|true|yes|on)$/i.test(settings[USE_BEDROCK] ?? '');
  return usesBedrock ? ['AWS_BEARER_TOKEN_BEDROCK'] : KEYS_OF_AGENTS[agent];
}

/** Where the secrets of a deployment lie: what the names of all of them begin with. */
export function secretsFolder(prefix: string): string {
  return `/${prefix}`;
}

/** The platform's secret of this name, in Secrets Manager. */
export function systemSecretId(folder: string, name: SystemSecret): string {
  return `${folder}/system/${name}`;
}

/** A tenant's own secret of this name, in Secrets Manager. Neither a tenant's id nor a secret's name holds a slash. */
export function tenantSecretId(folder: string, tenantId: string, name: string): string {
  return `${folder}/users/${tenantId}/${name}`;
}
